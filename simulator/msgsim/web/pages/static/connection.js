// The connection to the server: a notice while there is none, and a new drawing of the page when its data are gone.
(() => {
  "use strict";
  const PATIENCE = 1000;
  let timer = 0;

  const sign = (on) => {
    document.body.classList.toggle("offline", on);
    document.getElementById("offline").hidden = !on;
  };

  // A broken event stream may reconnect at once. If it does not, either the server or the sandbox may be gone: `ask`
  // finds out which.
  document.addEventListener("htmx:sseError", () => {
    timer ||= setTimeout(ask, PATIENCE);
  });
  document.addEventListener("htmx:sseOpen", () => {
    clearTimeout(timer);
    timer = 0;
    sign(false);
  });

  async function ask() {
    timer = 0;
    try {
      const answer = await fetch(`/__sim/v1/health?sandbox=${encodeURIComponent(document.body.dataset.sandbox)}`);
      if (answer.status === 404) redraw();
    } catch {
      sign(true);
    }
  }

  document.addEventListener("sim:stale", redraw);

  async function redraw() {
    if (document.body.classList.contains("problem")) return;
    try {
      const answer = await fetch(location.href);
      replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      sign(true);
    }
  }

  function replace(drawn) {
    const typed = [...document.querySelectorAll("#main :is(input, textarea)[name]")].filter((one) => one.value !== one.defaultValue);
    for (const place of [".panel", "#main"]) {
      const made = drawn.querySelector(place);
      document.querySelector(place).replaceWith(made);
      htmx.process(made);
    }
    document.title = drawn.title;
    document.body.className = drawn.body.className;
    for (const one of typed) {
      const field = document.querySelector(`#main [name="${CSS.escape(one.name)}"]`);
      if (field) field.value = one.value;
    }
    document.dispatchEvent(new Event("sim:redrawn"));
  }
})();
