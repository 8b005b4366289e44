// Renders the mathematics of a page. KaTeX stands in the page already; nothing is loaded.
(() => {
  const render = () => {
    for (const formula of document.querySelectorAll(".arithmatex")) {
      renderMathInElement(formula, {
        delimiters: [
          { left: "\\(", right: "\\)", display: false },
          { left: "\\[", right: "\\]", display: true },
        ],
        throwOnError: false,
      });
    }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", render);
  else render();
})();
