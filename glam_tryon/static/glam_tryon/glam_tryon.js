/* <glam-tryon>: a link that works by itself; its first click brings the dialog. */

const assets = document.querySelector("script[data-glam-tryon-dialog]");
const address = assets?.dataset.glamTryonDialog || new URL("dialog.js", import.meta.url).href;

class GlamTryOn extends HTMLElement {
  #tryon = null;
  #opening = false;

  connectedCallback() {
    if (this.dataset.job) {
      import(address).then(
        (dialog) => dialog.attend(this),
        () => this.#lookAgain(),
      );
    } else {
      this.addEventListener("click", this);
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

  #lookAgain() {
    if (this.querySelector("[data-view=waiting]")) {
      setTimeout(() => location.reload(), 4000);
    }
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
      const { TryOn } = await import(address);
      this.#tryon ??= new TryOn(this, link, assets?.dataset ?? {});
      this.#tryon.open();
    } catch {
      location.assign(link.href);
    } finally {
      this.#opening = false;
    }
  }
}

if (!customElements.get("glam-tryon") && window.HTMLDialogElement) {
  customElements.define("glam-tryon", GlamTryOn);
}
