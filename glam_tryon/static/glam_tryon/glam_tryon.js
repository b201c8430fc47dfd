/* <glam-tryon>: a link that works by itself; its first click brings the dialog. */

const assets = document.querySelector("script[data-glam-tryon-dialog]");
const texts = assets?.dataset ?? {};
const address = texts.glamTryonDialog;

/* What tells of a try-on where its dialog is not, and the exports of what it works with. */
const elsewhere = () =>
  Promise.all([texts.elsewhere, address, texts.waiting].map((url) => import(url))).then(
    ([module, ...tools]) => [module, Object.assign({}, ...tools)],
  );

/* The try-on of this tab whose end nobody has seen; its button, or a badge, tells of it. */
let unseen = null;
try {
  unseen = JSON.parse(sessionStorage.getItem("glam-tryon"));
} catch {
  // Where nothing may be stored, nothing is running.
}

/* A job's own page, without the module that follows the job. */
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
  #tryon = null;
  #opening = false;
  #watched = false;

  connectedCallback() {
    const link = this.querySelector("a");
    if (this.dataset.job) {
      if (unseen?.url === this.dataset.job) {
        unseen = null;
      }
      elsewhere().then(([module, dialog]) => module.attend(this, dialog), lookAgain);
      return;
    }
    this.addEventListener("click", this);
    if (!this.#watched) {
      this.#watched = true;
      watcher.observe(this);
    }
    if (unseen && link?.pathname === unseen.start) {
      const job = unseen;
      unseen = null;
      this.#take(link).then(
        (tryon) => tryon.resume(job),
        () => {},
      );
    }
  }

  disconnectedCallback() {
    // An element that a carousel only moves is connected again at once.
    queueMicrotask(() => {
      if (!this.isConnected) {
        this.#tryon?.destroy();
        this.#tryon = null;
      }
    });
  }

  /* Returns false when a listener of the shop took the matter over. */
  emit(name, detail) {
    return this.dispatchEvent(
      new CustomEvent(`glam-tryon:${name}`, {
        bubbles: true,
        composed: true,
        cancelable: true,
        detail: { id: crypto.getRandomValues(new BigUint64Array(2)).join(""), job: null, ...detail },
      }),
    );
  }

  async #take(link) {
    const { TryOn } = await import(address);
    this.#tryon ??= new TryOn(this, link, texts);
    return this.#tryon;
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
      (await this.#take(link)).open();
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
  if (unseen) {
    elsewhere().then(
      ([module, dialog]) => module.badge(unseen, dialog),
      () => {},
    );
  }
}
