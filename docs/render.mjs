// Renders formulas by KaTeX: {place: LaTeX} as JSON on the input, {place: why it fails} on the output.
import { readFileSync } from "node:fs";
import katex from "katex";

const wrong = {};
for (const [place, text] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  const marked = /^\s*(?:\\\(([^]*)\\\)|\\\[([^]*)\\\])\s*$/.exec(text);
  const latex = marked ? (marked[1] ?? marked[2]) : text;
  try {
    katex.renderToString(latex, { displayMode: !marked || marked[2] !== undefined, throwOnError: true, strict: "error" });
  } catch (error) {
    wrong[place] = error.message;
  }
}
process.stdout.write(JSON.stringify(wrong));
