// The start page: shows the snippet of the chosen provider and language, and remembers the language.
(() => {
  "use strict";
  const chosen = (what) => document.querySelector(`[data-choose="${what}"][aria-pressed="true"]`)?.value;

  function choose(button) {
    for (const other of document.querySelectorAll(`[data-choose="${button.dataset.choose}"]`)) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    for (const code of document.querySelectorAll("[data-snippet]")) {
      const { provider, snippet } = code.dataset;
      code.parentElement.hidden = provider !== chosen("provider") || snippet !== chosen("snippet");
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-choose]");
    if (!button) return;
    choose(button);
    if (button.dataset.choose === "snippet") localStorage.setItem("language", button.value);
  });

  document.addEventListener("DOMContentLoaded", () => {
    const remembered = [...document.querySelectorAll('[data-choose="snippet"]')].find((one) => one.value === localStorage.getItem("language"));
    if (remembered) choose(remembered);
  });
})();
