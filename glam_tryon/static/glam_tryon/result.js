/* What a shopper can do with a picture: compare, zoom, choose, take, share, judge, forget. */

/* Let the shopper slide between the photo before and the picture. */
async function compare(view, photoUrl) {
  const before = view.querySelector("[data-before]");
  const slider = view.querySelector("input[type=range]");
  if (!photoUrl || !before || !slider) {
    return;
  }
  const stage = slider.closest("[data-stage]");
  before.src = photoUrl;
  try {
    await before.decode();
  } catch {
    return;
  }
  const move = (value) => stage.style.setProperty("--glam-tryon-before", value / 100);
  move(100);
  before.hidden = slider.hidden = view.querySelector("[data-handle]").hidden = false;
  stage.dataset.reveal = "";
  slider.addEventListener("input", () => {
    delete stage.dataset.reveal;
    move(slider.value);
  });
  // The wipe begins once the starting point was painted.
  requestAnimationFrame(() => requestAnimationFrame(() => move(slider.value)));
}

/* Twice the size, to be looked over by scrolling: with fingers, keys, or a mouse that drags. */
function zoom(view) {
  const button = view.querySelector("[data-zoom]");
  const pan = view.querySelector("[data-pan]");
  if (!button || !pan) {
    return;
  }
  let held = null;
  button.hidden = false;
  button.addEventListener("click", () => {
    const near = !("zoomed" in pan.dataset);
    button.setAttribute("aria-pressed", String(near));
    if (near) {
      pan.dataset.zoomed = "";
      pan.tabIndex = 0;
      pan.scrollTo(pan.clientWidth / 2, pan.clientHeight / 4);
      pan.focus({ preventScroll: true });
    } else {
      delete pan.dataset.zoomed;
      pan.removeAttribute("tabindex");
      pan.scrollTo(0, 0);
    }
  });
  pan.addEventListener("pointerdown", (event) => {
    if ("zoomed" in pan.dataset && event.pointerType === "mouse" && !event.button) {
      held = event;
      pan.setPointerCapture(event.pointerId);
    }
  });
  pan.addEventListener("pointermove", (event) => {
    if (held) {
      pan.scrollBy(held.clientX - event.clientX, held.clientY - event.clientY);
      held = event;
    }
  });
  pan.addEventListener("lostpointercapture", () => (held = null));
  pan.addEventListener("dragstart", (event) => event.preventDefault());
}

function addThumbnails(view, results, words) {
  const list = view.querySelector("[data-thumbs]");
  const img = view.querySelector("[data-result]");
  const download = view.querySelector("[data-download]");
  const show = (chosen) => {
    const { url, width, height } = results[chosen];
    Object.assign(img, { src: url, width, height });
    download.href = url;
    for (const [index, button] of [...list.children].entries()) {
      if (index === chosen) {
        button.setAttribute("aria-current", "true");
      } else {
        button.removeAttribute("aria-current");
      }
    }
  };
  list.replaceChildren();
  if (results.length > 1) {
    for (const [index, { url }] of results.entries()) {
      const button = document.createElement("button");
      const small = document.createElement("img");
      button.type = "button";
      small.src = url;
      small.alt = `${words.picture} ${index + 1}`;
      button.append(small);
      button.addEventListener("click", () => show(index));
      list.append(button);
    }
  }
  show(0);
}

/* The link that shows the picture to whoever has it, for as long as the shopper leaves it there. */
function showShare(view, share) {
  const shared = view.querySelector("[data-shared]");
  if (!shared) {
    return;
  }
  shared.hidden = !share;
  shared.closest("details").open ||= Boolean(share);
  shared.querySelector("[data-link]").value = share?.url ?? "";
  shared.querySelector("[data-share-until]").textContent = share
    ? view.dataset.until.replace("{moment}", share.expires_words)
    : "";
  view.querySelector("[data-post=share]").hidden = Boolean(share);
}

function offerLink(view, tell, words) {
  const link = view.querySelector("[data-link]");
  const copy = view.querySelector("[data-copy]");
  const send = view.querySelector("[data-send]");
  if (!link || !copy || !send) {
    return;
  }
  copy.hidden = !navigator.clipboard;
  send.hidden = !navigator.share;
  link.addEventListener("focus", () => link.select());
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(link.value);
      tell(words.copied);
    } catch {
      link.focus();
    }
  });
  send.addEventListener("click", () => {
    // Refused by the shopper or by the system, which has said so itself.
    navigator.share({ url: link.value }).catch(() => {});
  });
}

function showVerdict(view, verdict, reason) {
  for (const button of view.querySelectorAll("[data-post=feedback] button")) {
    const its = new FormData(button.form, button);
    const chosen = its.get("verdict") === verdict && (its.get("reason") ?? "") === reason;
    button.setAttribute("aria-pressed", String(Boolean(verdict) && chosen));
  }
}

/* Make the forms of the view ask in the background; without this they are plain forms. */
function takeForms(view, job, { ask, emit, signal, deleted }, tell) {
  const words = view.dataset;
  const targets = {
    share: job.urls?.share,
    unshare: job.urls?.unshare,
    feedback: job.urls?.feedback,
    photo: job.urls?.delete_photo,
    delete: job.urls?.delete,
  };
  const done = {
    share(now) {
      showShare(view, now.share);
      view.querySelector("[data-link]").focus();
      emit("shared");
    },
    unshare(now) {
      showShare(view, now.share);
      tell(words.unshared);
      view.querySelector("[data-post=share] button").focus();
    },
    feedback(now) {
      showVerdict(view, now.feedback.verdict, now.feedback.reason);
      tell(words.thanks);
    },
    photo() {
      for (const part of view.querySelectorAll("[data-before], [type=range], [data-handle]")) {
        part.remove();
      }
      view.querySelector("[data-post=photo]").hidden = true;
      tell(words.photoDeleted);
      view.querySelector(".glam-tryon-more summary")?.focus();
    },
    delete: deleted,
  };
  for (const form of view.querySelectorAll("[data-post]")) {
    const name = form.dataset.post;
    let busy = false;
    if (targets[name]) {
      form.action = targets[name];
    }
    form.hidden = !form.getAttribute("action");
    form.addEventListener("submit", async (event) => {
      if (!done[name]) {
        return;
      }
      event.preventDefault();
      if (busy) {
        return;
      }
      busy = true;
      const body = new FormData(form, event.submitter);
      const answer = await ask("POST", form.action, { body, signal }).catch(() => null);
      busy = false;
      if (answer && answer.status < 300 && answer.data) {
        done[name](answer.data);
      } else if (!signal?.aborted) {
        tell(words.failed);
      }
    });
  }
  showShare(view, job.share);
  showVerdict(view, job.feedback?.verdict ?? "", job.feedback?.reason ?? "");
  const feedback = view.querySelector("[data-feedback]");
  if (feedback) {
    feedback.hidden = !job.urls?.feedback;
  }
}

/* The form on the product's page that puts it into the basket; null where there is none. */
const pageForm = (selector) => (selector ? document.querySelector(selector) : null);

/* With what is chosen on the page; what is missing there is asked for there. */
function submitPageForm(form) {
  const button = form.querySelector(":is([type=submit], button:not([type])):enabled");
  if (form.checkValidity() && button) {
    form.requestSubmit(button);
    return;
  }
  const missing = form.querySelector(":invalid:not(fieldset)");
  const first = form.querySelector(":is(select, input:not([type=hidden]), button):enabled");
  form.scrollIntoView({ block: "center" });
  (missing ?? first)?.focus();
  form.reportValidity();
}

/* A form or a link of the shop's, its own script, or the form on its page. */
function offerBasket(basket, page) {
  const form = pageForm(page.basketForm);
  const isLink = basket.matches("a");
  if (form || basket.dataset.way === "event") {
    basket.hidden = false;
  }
  basket.addEventListener(isLink ? "click" : "submit", (event) => {
    if (!page.emit("added-to-basket") || basket.dataset.way === "event") {
      event.preventDefault();
    } else if (form) {
      event.preventDefault();
      page.close();
      submitPageForm(form);
    }
  });
}

/* `page` asks the server and sends events; a dialog goes to another garment, and back to the choice
   when the try-on was deleted. */
export async function equip(view, job, page) {
  const words = view.dataset;
  const basket = view.querySelector("[data-basket]");
  const another = view.querySelector("[data-another]");
  const note = view.querySelector("[data-note]");
  const tell = (text) => (note.textContent = text);
  const expires = view.querySelector("[data-expires-words]");
  if (expires && job.expires_words) {
    expires.textContent = words.expires.replace("{moment}", job.expires_words);
  }
  addThumbnails(view, job.results, words);
  if (basket) {
    offerBasket(basket, page);
  }
  view.querySelector("[data-download]").addEventListener("click", () => page.emit("downloaded"));
  another.hidden = !page.another;
  another.addEventListener("click", () => {
    page.another();
    page.emit("another-garment");
  });
  takeForms(view, job, page, tell);
  offerLink(view, tell, words);
  zoom(view);
  await compare(view, job.photo_url);
}
