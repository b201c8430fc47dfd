/* "My try-ons" over the dialog: what is kept, until when, and its deletion. */

/* Make the forms of the panel ask in the background; without this they are plain forms. */
function takeForms(view, { ask, deleted, emit }) {
  const note = view.querySelector("[data-said]");
  const heading = view.querySelector("h1");
  const urls = (forms) => [...forms].map((form) => form.getAttribute("action"));
  const ones = () => view.querySelectorAll("[data-delete]");
  let busy = false;

  /* What was done, and where the proof of it is. */
  function say(data) {
    note.textContent = data?.words ?? "";
    if (data?.receipt?.url) {
      const link = document.createElement("a");
      link.href = data.receipt.url;
      link.target = "_blank";
      link.textContent = view.dataset.receipt;
      note.append(" ", link);
    }
  }

  function emptied() {
    view.querySelector("[data-kept]").hidden = true;
    view.querySelector("[data-empty]").hidden = false;
    heading.focus();
  }

  /* The next one takes the place, and the focus, of the one that goes. */
  function remove(form) {
    const card = form.closest("[data-tryon]");
    const neighbour = card.nextElementSibling ?? card.previousElementSibling;
    card.remove();
    if (neighbour) {
      neighbour.querySelector("[data-delete] button").focus();
    } else {
      emptied();
    }
  }

  /* Nothing else may happen to it than what the shop's page does with its own form. */
  function buy(event, basket) {
    const [model, product] = basket.dataset.basket.split(/:(.*)/s);
    if (!emit("added-to-basket", { model, product }) || basket.dataset.way === "event") {
      event.preventDefault();
    }
  }

  for (const basket of view.querySelectorAll("[data-way=event]")) {
    basket.hidden = false;
  }
  view.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-basket]");
    if (link) {
      buy(event, link);
    }
  });
  view.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.matches("[data-basket]")) {
      buy(event, form);
      return;
    }
    event.preventDefault();
    if (busy) {
      return;
    }
    busy = true;
    const answer = await ask("POST", form.action, { body: new FormData(form) }).catch(() => null);
    busy = false;
    if (answer?.data?.deleted && form.matches("[data-withdraw]")) {
      form.remove();
      heading.focus();
      say(answer.data);
    } else if (answer?.data?.deleted || answer?.status === 404) {
      const all = !form.matches("[data-delete]");
      const gone = urls(all ? ones() : [form]);
      if (all) {
        view.dataset.emptied = "";
        view.querySelector("[data-kept]").replaceChildren();
        view.querySelector("[data-withdraw]")?.remove();
        emptied();
      } else {
        remove(form);
      }
      deleted(gone);
      say(answer.data);
    } else {
      note.textContent = view.dataset.failed;
    }
  });
}

/* Show the panel that `link` leads to in place of `body`. Resolves with false when it cannot be. */
export async function panel(link, page) {
  const { ask, body, dialog, dress } = page;
  const headers = { "X-Glam-Tryon": "dialog" };
  const [answer] = await Promise.all([
    ask("GET", link.href, { type: "document", headers }).catch(() => null),
    dress(link.dataset.looks),
  ]);
  const found = answer?.data?.querySelector("[data-tryons]");
  if (!found) {
    return false;
  }
  const view = document.adoptNode(found);
  const over = new AbortController();

  function end() {
    over.abort();
    view.remove();
    body.hidden = false;
    if ("emptied" in view.dataset) {
      page.emptied();
    } else {
      (link.checkVisibility() ? link : body.querySelector("h1")).focus();
    }
  }

  const back = view.querySelector("[data-back]");
  back.hidden = false;
  back.addEventListener("click", end);
  dialog.addEventListener("close", end, { signal: over.signal });
  takeForms(view, page);
  body.hidden = true;
  body.after(view);
  view.querySelector("h1").focus();
  // Said by a live region only when it comes later than the region.
  requestAnimationFrame(() => {
    view.querySelector("[data-said]").textContent = view.dataset.count;
  });
  return true;
}
