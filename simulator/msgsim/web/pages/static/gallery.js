// The error gallery: sends the example of an error, filters the list, moves through it by keys, shows it full screen.
(() => {
  "use strict";
  const stage = () => document.getElementById("stage");

  async function trigger(button) {
    const example = JSON.parse(button.dataset.trigger);
    const result = document.getElementById("result");
    button.disabled = true;
    result.replaceChildren(note("On its way …"));
    try {
      const query = example.query ? `?${new URLSearchParams(example.query)}` : "";
      const answer = await fetch(example.path + query, {
        method: example.method,
        headers: example.headers,
        body: "json" in example ? JSON.stringify(example.json) : example.body,
        credentials: "omit",
      });
      await answer.arrayBuffer().catch(() => null);
      await show(result, answer.headers.get("X-Sim-Exchange"), answer.status);
    } catch (wrong) {
      result.replaceChildren(note(`No answer came: ${wrong.message}. The connection broke, as it should when a fault is simulated.`));
    }
    button.disabled = false;
  }

  async function show(result, number, status) {
    if (!number) {
      result.replaceChildren(note(`Answered ${status}. With --pristine nothing says which request it was; the newest one in the journal is it.`));
      return;
    }
    const query = new URLSearchParams(location.search);
    query.delete("key");
    query.set("part", `pair:${number}`);
    const drawn = await fetch(`/__sim/parts?${query}`);
    if (drawn.ok) {
      const template = document.createElement("template");
      template.innerHTML = await drawn.text();
      result.replaceChildren(template.content);
    } else {
      result.replaceChildren(note(`Answered ${status}, but request ${number} is not in this sandbox's journal.`));
    }
  }

  function note(text) {
    const line = document.createElement("p");
    line.className = "nothing";
    line.textContent = text;
    return line;
  }

  const links = () => [...document.querySelectorAll(".entry:not([hidden]) a")];

  function walk(by) {
    const all = links();
    const place = all.findIndex((one) => one.hasAttribute("aria-current"));
    const next = all[Math.min(Math.max(place + by, 0), all.length - 1)];
    if (!next) return;
    next.click();
    next.scrollIntoView({ block: "nearest" });
  }

  // A click on the chosen entry does not load it again, because that would remove the result of its example.
  document.addEventListener(
    "click",
    (event) => {
      if (!event.target.closest(".entry a[aria-current]")) return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-trigger]");
    if (button) trigger(button);
    const entry = event.target.closest(".entry a");
    if (entry) {
      for (const one of document.querySelectorAll(".entry a[aria-current]")) one.removeAttribute("aria-current");
      entry.setAttribute("aria-current", "true");
    }
    const wide = event.target.closest("[data-wide]");
    if (wide) present(wide, wide.getAttribute("aria-pressed") !== "true");
  });

  // Until the chosen error is drawn the panel shows the previous one, whose example must not be sent.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target.id !== "stage") return;
    stage().setAttribute("aria-busy", "true");
    const button = document.getElementById("trigger");
    if (button) button.disabled = true;
  });

  function present(button, on) {
    document.documentElement.classList.toggle("wide", on);
    button.setAttribute("aria-pressed", String(on));
    if (on) document.documentElement.requestFullscreen?.().catch(() => null);
    else if (document.fullscreenElement) document.exitFullscreen();
  }

  document.addEventListener("fullscreenchange", () => {
    const button = document.querySelector("[data-wide]");
    if (button && !document.fullscreenElement) present(button, false);
  });

  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-filter]")) return;
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const one of document.querySelectorAll(`${event.target.dataset.filter} .entry`)) {
      const text = one.dataset.words.toLowerCase();
      one.hidden = !words.every((word) => text.includes(word));
    }
    for (const count of document.querySelectorAll("[data-count]")) {
      const shown = document.querySelectorAll(`.entry[data-what="${count.dataset.count}"]:not([hidden])`).length;
      count.textContent = shown;
      count.closest("li").hidden = !shown;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (!stage() || event.target.matches("input, textarea, select") || document.getElementById("keys").open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j" || event.key === "ArrowDown") walk(1);
    else if (event.key === "k" || event.key === "ArrowUp") walk(-1);
    else if (event.key === "t") document.getElementById("trigger")?.click();
    else if (event.key === "p") document.querySelector("[data-wide]")?.click();
    else return;
    event.preventDefault();
  });
})();
