/**
 * Makes lab.html of the sources: one page with its script and its style inside, that opens from a file.
 *
 *     node build.mjs [--out FILE] [--check]
 *
 * The same sources give the same bytes. `--check` writes nothing and fails if the page is not that of the sources.
 */

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const HERE = new URL("./", import.meta.url);
const LARGEST = 250_000;
const OPTIONS = { bundle: true, minify: true, write: false, charset: "utf8", legalComments: "none", logLevel: "error" };

const path = (name) => fileURLToPath(new URL(name, HERE));

async function bundled(name, more) {
  const { outputFiles } = await esbuild.build({ ...OPTIONS, ...more, entryPoints: [path(name)] });
  return outputFiles[0].text.trim();
}

/** Put `text` in the place of a mark that the template has once. */
function filled(template, mark, text) {
  const parts = template.split(mark);
  if (parts.length !== 2) throw new Error(`source/page.html: ${mark} occurs ${parts.length - 1} times, must occur once`);
  return parts.join(text);
}

/** The page as a string. */
export async function page() {
  const script = await bundled("source/page/main.js", { format: "iife", target: "es2022" });
  const style = await bundled("source/style.css", {});
  const template = await readFile(path("source/page.html"), "utf8");
  const closed = script.replaceAll("</script", "<\\/script");
  const whole = filled(filled(template, "<!-- style -->", `<style>${style}</style>`), "<!-- script -->", `<script>${closed}</script>`);
  const bytes = Buffer.byteLength(whole);
  if (bytes > LARGEST) throw new Error(`the page has ${bytes} bytes: must be at most ${LARGEST}`);
  return whole;
}

async function main(words) {
  const out = words.includes("--out") ? words[words.indexOf("--out") + 1] : path("lab.html");
  const whole = await page();
  if (words.includes("--check")) {
    if (whole === (await readFile(out, "utf8"))) return;
    throw new Error(`${out} is not the page of these sources: run \`make lab\``);
  }
  await writeFile(out, whole);
  console.log(`wrote ${out} (${(Buffer.byteLength(whole) / 1000).toFixed(1)} kB)`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
