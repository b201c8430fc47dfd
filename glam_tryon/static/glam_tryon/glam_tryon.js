/* <glam-tryon>: a link that works by itself; its first click brings the dialog. */

const texts = document.querySelector("script[data-glam-tryon-dialog]")?.dataset ?? {};
const address = texts.glamTryonDialog;
const elsewhere = () => import(texts.elsewhere);

const buttons = new Set();

/* The try-on of this tab whose end nobody has seen: its button, or a badge, tells of it. */
function tell() {
  let unseen = null;
  try {
    unseen = JSON.parse(sessionStorage.getItem("glam-tryon"));
  } catch {
    // Where nothing may be stored, nothing is running.
  }
  if (unseen || document.querySelector(".glam-tryon-badge")) {
    elsewhere().then(
      (module) => module.tell(buttons, texts),
      () => {},
    );
  }
}

/* A job's own page, without the modules. */
function lookAgain() {
  if (document.querySelector("[data-job] [data-view=waiting]")) {
    setTimeout(() => location.reload(), 4000);
  }
}

const watcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) {
      watcher.unobserve(target);
      target.emit("impression");
    }
  }
});

class GlamTryOn extends HTMLElement {
  tryon = null;
  #opening = false;
  #watched = false;
  #changes = new MutationObserver(tell);

  get link() {
    return this.querySelector("a");
  }

  connectedCallback() {
    if (this.dataset.job) {
      elsewhere().then((module) => module.attend(this, texts)).catch(lookAgain);
      return;
    }
    buttons.add(this);
    this.addEventListener("click", this);
    // React, a colour switch and the like change the address in place.
    this.#changes.observe(this, { subtree: true, attributeFilter: ["href"] });
    if (!this.#watched) {
      this.#watched = true;
      watcher.observe(this);
    }
    queueMicrotask(tell);
  }

  disconnectedCallback() {
    // An element that a carousel only moves is connected again at once.
    queueMicrotask(() => {
      if (!this.isConnected) {
        buttons.delete(this);
        this.leave();
        tell();
      }
    });
  }

  leave() {
    this.tryon?.destroy();
    this.tryon = null;
  }

  /* Returns false when a listener of the shop took the matter over. */
  emit(name, detail) {
    const path = this.dataset.start ?? this.link?.pathname ?? "";
    const [model, key = ""] = path.split("/").slice(-3);
    return this.dispatchEvent(
      new CustomEvent(`glam-tryon:${name}`, {
        bubbles: true,
        composed: true,
        cancelable: true,
        detail: {
          id: crypto.getRandomValues(new BigUint64Array(2)).join(""),
          job: null,
          model,
          product: decodeURIComponent(key.replaceAll("~", "%")),
          ...detail,
        },
      }),
    );
  }

  /* The dialog while the rest is on its way: with the product's picture, which is in sight. */
  shell() {
    const { content } = document.querySelector("template[data-glam-tryon-shell]");
    const dialog = document.importNode(content, true).firstElementChild;
    const img = dialog.querySelector("img");
    for (let near = this; near && !img.src; near = near.parentElement) {
      for (const { complete, height, currentSrc } of near.querySelectorAll("img")) {
        if (complete && height > 99 && !img.src) {
          img.src = currentSrc;
        }
      }
    }
    dialog.setAttribute("aria-label", this.link.textContent);
    document.body.append(dialog);
    return dialog;
  }

  async take(shell) {
    const { TryOn } = await import(address);
    this.tryon ??= new TryOn(this, this.link, texts, shell ?? this.shell());
    return this.tryon;
  }

  async handleEvent(event) {
    const link = event.target.closest("a");
    const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (!link || event.defaultPrevented || event.button || elsewhere) {
      return;
    }
    event.preventDefault();
    if (this.#opening) {
      return;
    }
    this.#opening = true;
    try {
      // The dialog belongs to the link as it is now.
      if (this.tryon && this.tryon.start !== link.pathname) {
        this.leave();
      }
      const shell = this.tryon ? null : this.shell();
      shell?.showModal();
      const tryon = await this.take(shell);
      // Closed again before it came.
      if (shell?.open !== false) {
        tryon.open();
      }
    } catch {
      location.assign(link.href);
    } finally {
      this.#opening = false;
    }
  }
}

// Browsers that cannot draw the dialog keep the links and the plain pages behind them.
if (!CSS.supports("color", "light-dark(red, red)") || !CSS.supports("selector(&)")) {
  lookAgain();
} else if (!customElements.get("glam-tryon")) {
  customElements.define("glam-tryon", GlamTryOn);
  tell();
  document.addEventListener("glam-tryon:closed", tell);
  addEventListener("pageshow", ({ persisted }) => persisted && tell());
}
