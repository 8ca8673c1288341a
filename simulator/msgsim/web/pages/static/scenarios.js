// The page of scenarios: copies a text into the editor, checks it while the user types, and keeps texts by name in the
// browser's storage.
(() => {
  "use strict";
  const KEPT = "scenarios";
  const COPY = "scenario-copy";
  const PAUSE = 300;
  const area = () => document.getElementById("yaml");
  const kept = () => JSON.parse(localStorage.getItem(KEPT) ?? "{}");
  let timer = 0;
  let latest = 0;

  async function check() {
    const form = document.getElementById("write");
    const number = ++latest;
    const answer = await fetch("/__sim/v1/scenarios/check", {
      method: "POST",
      headers: { "Content-Type": "application/yaml", "X-Sim-Sandbox": document.body.dataset.sandbox },
      body: area().value,
    }).catch(() => null);
    if (!answer?.ok || number !== latest) return;
    const said = await answer.json();
    document.dispatchEvent(new CustomEvent("mistakes", { detail: { form, found: said.mistakes } }));
    document.getElementById("mistakes").hidden = !said.mistakes.length;
    const count = said.mistakes.length;
    document.getElementById("checked").textContent = count
      ? `${count} mistake${count === 1 ? "" : "s"}`
      : said.rules.map((rule) => `${rule.place.split(":").pop()}: ${rule.outcome}`).join(" · ") || "It has no rules.";
  }

  function edit(text) {
    area().value = text;
    area().focus();
    area().scrollIntoView({ block: "center" });
    check();
  }

  function button(text, label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  }

  function listed() {
    const section = document.getElementById("own");
    if (!section) return;
    const names = Object.keys(kept()).sort();
    section.hidden = !names.length;
    section.querySelector("ul").replaceChildren(
      ...names.map((name) => {
        const item = document.createElement("li");
        const title = document.createElement("b");
        title.className = "mono";
        title.textContent = name;
        item.append(title, button("Edit", `Edit ${name}`, () => edit(kept()[name])), button("Forget", `Forget ${name}`, () => keep(name)));
        return item;
      }),
    );
  }

  function keep(name, text) {
    const all = kept();
    if (text === undefined) delete all[name];
    else all[name] = text;
    localStorage.setItem(KEPT, JSON.stringify(all));
    listed();
  }

  function keepText() {
    const name = /^name:\s*["']?([^"'\s#]+)/m.exec(area().value)?.[1];
    const text = name ? `Kept as ${name}` : "Give it a name: first, as in name: mine";
    if (name) keep(name, area().value);
    document.dispatchEvent(new CustomEvent("tell", { detail: { text, wrong: !name } }));
  }

  document.addEventListener("click", (event) => {
    const copied = event.target.closest("[data-edit]");
    if (copied) {
      const text = document.querySelector(copied.dataset.edit).content.textContent;
      if (area()) edit(text);
      else sessionStorage.setItem(COPY, text);
    }
    if (event.target.closest("[data-keep-text]")) keepText();
  });

  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-checked] textarea")) return;
    clearTimeout(timer);
    timer = setTimeout(check, PAUSE);
  });

  document.addEventListener("DOMContentLoaded", () => {
    listed();
    const copy = area() && sessionStorage.getItem(COPY);
    if (!copy) return;
    sessionStorage.removeItem(COPY);
    edit(copy);
  });
})();
