// The search of the inbox, as one types: the address keeps it, the last one typed is shown.
(() => {
  "use strict";
  const rows = () => document.getElementById("rows");

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id === "search" && !event.detail.parameters.search) delete event.detail.parameters.search;
  });

  document.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.elt.id !== "search") return;
    const query = new URLSearchParams(new FormData(event.detail.elt));
    if (!query.get("search")) query.delete("search");
    history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  });

  // What was looked for further back would go if the list was drawn again from its start.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.id === "more" && rows().dataset.searching !== undefined) delete rows().dataset.on;
  });
})();
