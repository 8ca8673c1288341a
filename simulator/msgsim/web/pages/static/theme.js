// Sets the theme that was chosen last before the page is first painted, and switches it.
(() => {
  "use strict";
  const root = document.documentElement;
  try {
    const kept = localStorage.getItem("sim-theme");
    if (kept === "light" || kept === "dark") root.dataset.theme = kept;
  } catch {
    // Without storage the theme is the system's.
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try {
      localStorage.setItem("sim-theme", root.dataset.theme);
    } catch {
      // Without storage the choice is lost when the page is left.
    }
  });
})();
