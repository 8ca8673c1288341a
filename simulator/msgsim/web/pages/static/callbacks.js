// The page of callbacks: replays the selected ones, or all that fit the filters.
(() => {
  "use strict";
  const sandbox = () => document.body.dataset.sandbox;
  const picks = () => [...document.querySelectorAll("#callbacks .pick input")];

  const tell = (text, wrong) => document.dispatchEvent(new CustomEvent("tell", { detail: { text, wrong } }));

  async function post(path) {
    const answer = await fetch(`/__sim/v1/${path}`, { method: "POST", headers: { "X-Sim-Sandbox": sandbox() } });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.detail);
    return said;
  }

  function count() {
    const chosen = picks().filter((pick) => pick.checked).length;
    const button = document.getElementById("replay-chosen");
    if (!button) return;
    button.disabled = !chosen;
    button.textContent = chosen ? `Replay the ${chosen} chosen` : "Replay the chosen";
  }

  async function all(button) {
    let after = 0;
    const found = [];
    while (after !== null) {
      const query = new URLSearchParams(button.dataset.replayAll);
      query.set("before", button.dataset.before);
      query.set("after", after);
      const page = await post(`callbacks/replay?${query}`);
      found.push(...page.callbacks);
      after = page.next;
    }
    return found;
  }

  async function chosen() {
    const found = [];
    for (const pick of picks().filter((one) => one.checked)) {
      found.push(await post(`callbacks/${pick.value}/replay`));
      pick.checked = false;
    }
    return found;
  }

  async function replay(button, some) {
    button.disabled = true;
    try {
      const found = await some(button);
      const taken = found.filter((callback) => callback.state === "done").length;
      tell(found.length ? `${found.length} replayed, ${taken} taken` : "None to replay: what is pending is owed already", found.length > taken);
    } catch (wrong) {
      tell(wrong.message, true);
    }
    htmx.trigger("#callback-filters", "submit");
  }

  // Empty filters are left out of the address.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id !== "callback-filters") return;
    for (const name of ["state", "kind", "host", "status"]) if (!event.detail.parameters[name]) delete event.detail.parameters[name];
  });

  document.addEventListener("click", (event) => {
    const everything = event.target.closest("[data-replay-all]");
    if (everything) replay(everything, all);
    const some = event.target.closest("[data-replay-chosen]");
    if (some) replay(some, chosen);
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick-all]")) for (const pick of picks()) pick.checked = event.target.checked;
    if (event.target.matches("[data-pick-all], .pick input")) count();
  });
})();
