/* The dialog of one try-on: choose a person, wait, see the picture. Imported at the first click. */

const LONG_SIDE = 1536;
const POLL_MS = { first: 700, last: 3000, growth: 1.25 };
const ANSWER_MS = 20_000;

/* One request. Resolves with whatever the server says; rejects when it says nothing.
   XMLHttpRequest, for it alone reports how much of an upload is done, and it parses a page
   ("document") without running anything in it. */
function ask(method, url, { body, signal, type = "json", headers = {}, onProgress } = {}) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    const abort = () => xhr.abort();
    xhr.open(method, url);
    xhr.responseType = type;
    if (type === "json") {
      xhr.setRequestHeader("Accept", "application/json");
    }
    for (const [name, value] of Object.entries(headers)) {
      xhr.setRequestHeader(name, value);
    }
    if (onProgress) {
      xhr.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    } else {
      xhr.timeout = ANSWER_MS;
    }
    xhr.onload = () => resolve({ status: xhr.status, data: xhr.response });
    xhr.onerror = xhr.ontimeout = () => reject(new Error("no answer"));
    xhr.onabort = () => reject(new DOMException("aborted", "AbortError"));
    xhr.onloadend = () => signal?.removeEventListener("abort", abort);
    signal?.throwIfAborted();
    signal?.addEventListener("abort", abort);
    xhr.send(body);
  });
}

/* Wait, and for as long as nobody looks at the tab. */
async function pause(ms, signal) {
  await new Promise((resolve) => setTimeout(resolve, ms));
  while (document.hidden) {
    await new Promise((resolve) =>
      document.addEventListener("visibilitychange", resolve, { once: true }),
    );
  }
  signal.throwIfAborted();
}

/* Ask for the job until it is over; tell each answer to `tell`, a lost connection as null. */
async function follow(job, signal, tell) {
  let wait = POLL_MS.first;
  tell(job);
  while (!job.over && !job.error) {
    await pause(wait, signal);
    wait = Math.min(wait * POLL_MS.growth, POLL_MS.last);
    try {
      const { status, data } = await ask("GET", job.url, { signal });
      if (status === 200 && data) {
        job = data;
        tell(job);
      } else if (status === 403 || status === 404) {
        return null;
      }
    } catch (error) {
      signal.throwIfAborted();
      tell(null);
    }
  }
  return job;
}

/* Smaller, upright and without a word about where it was taken; null when it cannot be decoded. */
async function shrink(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return null;
  }
  const scale = Math.min(1, LONG_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
}

function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/* Count the seconds in `element` until the returned function is called. */
function countSeconds(element) {
  const begun = Date.now();
  const show = () => {
    const seconds = Math.round((Date.now() - begun) / 1000);
    element.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };
  show();
  const timer = setInterval(show, 1000);
  return () => clearInterval(timer);
}

function showPicture(img, src, alt) {
  img.hidden = !src;
  if (src) {
    img.src = src;
  } else {
    img.removeAttribute("src");
  }
  if (alt !== undefined) {
    img.alt = alt;
  }
}

/* Let the shopper slide between the photo before and the picture. */
async function compare(view, photoUrl) {
  const before = view.querySelector("[data-before]");
  const slider = view.querySelector("input[type=range]");
  if (!photoUrl || !before || !slider) {
    return;
  }
  const stage = slider.parentElement;
  before.src = photoUrl;
  try {
    await before.decode();
  } catch {
    return;
  }
  const move = (value) => stage.style.setProperty("--glam-tryon-before", value / 100);
  move(100);
  before.hidden = slider.hidden = view.querySelector(".glam-tryon-handle").hidden = false;
  stage.dataset.reveal = "";
  slider.addEventListener("input", () => {
    delete stage.dataset.reveal;
    move(slider.value);
  });
  // The wipe begins once the starting point was painted.
  requestAnimationFrame(() => requestAnimationFrame(() => move(slider.value)));
}

/* A job's own page: look again without reloading it, and compare when the picture is there. */
export async function attend(host) {
  const words = host.querySelector("[data-view=waiting] [data-words]");
  if (!words) {
    const view = host.querySelector("[data-view=result]");
    await (view && compare(view, view.querySelector("[data-before]").dataset.src));
    return;
  }
  words.setAttribute("aria-live", "polite");
  countSeconds(host.querySelector("[data-elapsed]"));
  await follow({ url: host.dataset.job }, new AbortController().signal, (job) => {
    if (job?.words && job.words !== words.textContent) {
      words.textContent = job.words;
    }
  });
  location.reload();
}

export class TryOn {
  #host;
  #link;
  #texts;
  #dialog;
  #status;
  #body;
  #form = null;
  #view = null;
  #photo = null;
  #choice = 0;
  #abort = new AbortController();
  #sent = false;
  #job = null;
  #stopClock = () => {};

  constructor(host, link, texts) {
    this.#host = host;
    this.#link = link;
    this.#texts = texts;
    this.#dialog = document.createElement("dialog");
    this.#dialog.className = "glam-tryon glam-tryon-dialog";
    this.#dialog.setAttribute("aria-label", link.textContent);
    const close = document.createElement("button");
    close.type = "button";
    close.className = "glam-tryon-close";
    close.setAttribute("aria-label", texts.close ?? "");
    this.#status = document.createElement("p");
    this.#status.className = "glam-tryon-hidden";
    this.#status.setAttribute("role", "status");
    this.#body = document.createElement("div");
    this.#dialog.append(this.#body, this.#status, close);
    document.body.append(this.#dialog);
    this.#listen(close);
  }

  open() {
    if (this.#dialog.open) {
      return;
    }
    delete this.#host.dataset.news;
    this.#dialog.showModal();
    this.#emit("opened");
    if (this.#form) {
      this.#focus();
    } else {
      this.#load();
    }
  }

  destroy() {
    this.#abort.abort();
    this.#stopClock();
    this.#forgetPhoto();
    this.#dialog.remove();
  }

  /* Returns false when a listener of the shop took the matter over. */
  #emit(name, detail = {}) {
    return this.#host.dispatchEvent(
      new CustomEvent(`glam-tryon:${name}`, {
        bubbles: true,
        composed: true,
        cancelable: true,
        detail: { id: randomId(), job: this.#job?.id ?? null, ...detail },
      }),
    );
  }

  #listen(close) {
    const dialog = this.#dialog;
    let pressed = null;
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => this.#emit("closed"));
    // A drag that begins in the dialog and ends beside it is no wish to close.
    dialog.addEventListener("pointerdown", (event) => (pressed = event.target));
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog && pressed === dialog) {
        dialog.close();
      }
    });
    // The second half of a double click lands on what has taken the first button's place.
    const swallow = (event) => {
      if (event.detail > 1 && event.target.closest(".glam-tryon-actions")) {
        event.preventDefault();
        event.stopPropagation();
      }
    };
    dialog.addEventListener("click", swallow, true);
    dialog.addEventListener("dragover", (event) => {
      if (this.#choosing && event.dataTransfer.types.includes("Files")) {
        event.preventDefault();
        this.#form.dataset.drag = "";
      }
    });
    dialog.addEventListener("dragleave", (event) => {
      if (this.#form && !dialog.contains(event.relatedTarget)) {
        delete this.#form.dataset.drag;
      }
    });
    dialog.addEventListener("drop", (event) => {
      if (this.#choosing && event.dataTransfer.files.length) {
        event.preventDefault();
        delete this.#form.dataset.drag;
        this.#choose(event.dataTransfer.files[0]);
      }
    });
    dialog.addEventListener("paste", (event) => {
      const file = event.clipboardData.files[0];
      if (this.#choosing && file) {
        event.preventDefault();
        this.#choose(file);
      }
    });
  }

  get #choosing() {
    return this.#form && this.#view === this.#form;
  }

  async #load() {
    const note = document.createElement("p");
    note.className = "glam-tryon-loading";
    note.textContent = this.#texts.loading ?? "";
    this.#body.replaceChildren(note);
    try {
      const { data } = await ask("GET", this.#link.href, {
        type: "document",
        headers: { "X-Glam-Tryon": "dialog" },
        signal: this.#abort.signal,
      });
      const body = data?.querySelector("[data-glam-tryon]");
      if (!body) {
        // A page to sign in, or one that says that the product is gone: the browser shows it.
        location.assign(this.#link.href);
        return;
      }
      this.#body.replaceWith(document.adoptNode(body));
      this.#body = body;
      this.#texts = { ...this.#texts, ...body.dataset };
      this.#prepare(body.querySelector("form"));
    } catch {
      const again = document.createElement("button");
      again.type = "button";
      again.className = "glam-tryon-primary";
      again.textContent = this.#texts.again ?? "";
      again.addEventListener("click", () => this.#load());
      note.textContent = this.#texts.unreachable ?? "";
      note.append(again);
      again.focus();
    }
  }

  #prepare(form) {
    this.#form = this.#view = form;
    // Beside the button, which is always in sight; on a page it stands at the top.
    form.querySelector(".glam-tryon-actions").prepend(form.querySelector("[data-error]"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    form.addEventListener("change", ({ target }) => {
      if (target.name === "house_model") {
        this.#chooseModel(target);
      } else if (target.name === "photo" && target.files.length) {
        this.#choose(target.files[0]);
      } else if (target.name === "consent") {
        this.#complain("");
        this.#emit("consent", { given: target.checked });
      }
    });
    this.#focus();
  }

  #focus() {
    const heading = this.#view.querySelector("h1");
    this.#dialog.setAttribute("aria-label", heading.textContent || this.#link.textContent);
    heading.focus({ preventScroll: true });
  }

  #say(words) {
    if (this.#status.textContent !== words) {
      this.#status.textContent = words;
    }
  }

  #complain(message, field) {
    const error = this.#form.querySelector("[data-error]");
    error.textContent = message;
    error.hidden = !message;
    if (message) {
      (field ?? error).focus();
      field?.scrollIntoView({ block: "center" });
    }
  }

  // Choosing

  #forgetPhoto() {
    if (this.#photo?.url) {
      URL.revokeObjectURL(this.#photo.url);
    }
    this.#photo = null;
    if (this.#form) {
      this.#form.elements.photo.value = "";
    }
  }

  /* Another person is another try-on; the same one after a lost answer is the same. */
  #chosen(kind, url, name) {
    if (this.#sent) {
      this.#form.elements.request_id.value = randomId();
      this.#sent = false;
    }
    this.#form.dataset.chosen = kind;
    this.#form.querySelector("[data-file-name]").textContent = name;
    showPicture(this.#form.querySelector("[data-person]"), url, name);
    this.#complain("");
  }

  #chooseModel(radio) {
    this.#choice += 1;
    this.#forgetPhoto();
    const card = radio.closest("label");
    this.#chosen("model", card.querySelector("img").src, card.textContent.trim());
    this.#emit("model-chosen");
  }

  async #choose(file) {
    this.#choice += 1;
    const choice = this.#choice;
    if (file.type && !file.type.startsWith("image/")) {
      this.#complain(this.#texts.notAPhoto);
      return;
    }
    const small = await shrink(file);
    if (choice !== this.#choice) {
      return;
    }
    const blob = small ?? file;
    this.#forgetPhoto();
    if (blob.size > Number(this.#texts.maxBytes)) {
      this.#complain(this.#texts.tooLarge);
      return;
    }
    this.#photo = { blob, url: small ? URL.createObjectURL(small) : "" };
    for (const radio of this.#form.querySelectorAll("[name=house_model]")) {
      radio.checked = false;
    }
    this.#chosen("photo", this.#photo.url, file.name);
    this.#emit("photo-chosen");
  }

  // Asking

  #order() {
    const { elements } = this.#form;
    const body = new FormData();
    for (const name of ["csrfmiddlewaretoken", "request_id", "consent_sha256"]) {
      body.set(name, elements[name].value);
    }
    if (this.#photo) {
      body.set("photo", this.#photo.blob, "photo");
      body.set("consent", "on");
    } else {
      body.set("house_model", this.#form.querySelector("[name=house_model]:checked").value);
    }
    return body;
  }

  async #submit() {
    const consent = this.#form.elements.consent;
    if (!this.#choosing) {
      return;
    }
    if (!this.#photo && !this.#form.querySelector("[name=house_model]:checked")) {
      this.#complain(this.#texts.noPerson);
      return;
    }
    if (this.#photo && !consent.checked) {
      this.#complain(this.#texts.noConsent, consent);
      return;
    }
    this.#complain("");
    this.#job = null;
    this.#sent = true;
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const view = this.#wait(this.#photo ? this.#texts.sending : this.#texts.starting);
    const bar = view.querySelector("progress");
    try {
      const { status, data } = await ask("POST", this.#form.action, {
        body: this.#order(),
        signal,
        onProgress: (part) => {
          if (this.#photo && part < 1) {
            bar.value = part;
          } else {
            bar.removeAttribute("value");
          }
        },
      });
      if (data?.id) {
        this.#job = data;
        this.#emit("requested");
        await this.#attend(data, signal);
      } else {
        this.#refuse(status, data?.error);
      }
    } catch (error) {
      if (!signal.aborted) {
        this.#back(this.#texts.offline, true);
      }
    }
  }

  #refuse(status, error) {
    const { consent, consent_sha256: sha256 } = this.#form.elements;
    if (error?.consent_text) {
      this.#form.querySelector("[data-consent]").textContent = error.consent_text;
      sha256.value = error.consent_sha256;
      consent.checked = false;
    }
    const known = { 403: this.#texts.session, 413: this.#texts.tooLarge };
    this.#emit("failed", { code: error?.code ?? String(status) });
    this.#back(error?.message ?? known[status] ?? this.#texts.server, !error);
  }

  // Waiting and the end

  #show(name) {
    const template = this.#body.querySelector(`[data-template=${name}]`);
    const view = document.importNode(template.content, true).firstElementChild;
    this.#replaceView(view);
    view.querySelector("[data-restart]")?.addEventListener("click", (event) => {
      event.preventDefault();
      this.#back("");
    });
    return view;
  }

  #replaceView(view) {
    this.#stopClock();
    if (this.#view !== this.#form) {
      this.#view.remove();
    }
    this.#form.hidden = view !== this.#form;
    if (view !== this.#form) {
      this.#body.append(view);
    }
    this.#view = view;
  }

  /* Back to the choice, which is as it was. */
  #back(message, again = false) {
    delete this.#host.dataset.state;
    this.#replaceView(this.#form);
    if (this.#job) {
      this.#form.elements.request_id.value = randomId();
      this.#job = null;
    }
    if (again) {
      this.#form.querySelector("[type=submit]").textContent = this.#texts.again;
    }
    this.#say("");
    this.#focus();
    this.#complain(message);
  }

  #fillStage(view) {
    const person = this.#form.querySelector("[data-person]");
    const garment = this.#form.querySelector("[data-garment]");
    showPicture(view.querySelector("[data-person]"), person.getAttribute("src"), person.alt);
    showPicture(view.querySelector("[data-garment]"), garment.src);
  }

  #wait(words) {
    this.#host.dataset.state = "waiting";
    const view = this.#show("waiting");
    this.#fillStage(view);
    view.querySelector("[data-cancel]").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#cancel(event.target);
    });
    this.#stopClock = countSeconds(view.querySelector("[data-elapsed]"));
    this.#tell(words);
    this.#focus();
    return view;
  }

  #tell(words) {
    this.#view.querySelector("[data-words]").textContent = words;
    this.#say(words);
  }

  async #attend(job, signal) {
    const last = await follow(job, signal, (now) => {
      this.#job = now ?? this.#job;
      if (!now || !now.over) {
        this.#tell(now ? now.words : this.#texts.reconnecting);
      }
    });
    if (!last) {
      this.#back(this.#texts.session);
    } else if (last.results.length) {
      await this.#reveal(last, signal);
    } else {
      this.#fail(last);
    }
  }

  async #cancel(form) {
    this.#abort.abort();
    const job = this.#job;
    this.#back("");
    if (job) {
      this.#emit("canceled", { job: job.id });
      const body = new FormData(form);
      await ask("POST", job.cancel_url, { body }).catch(() => {});
    }
  }

  #fail(job) {
    const view = this.#show("error");
    const product = view.querySelector("[data-product]");
    this.#host.dataset.state = "failed";
    this.#fillStage(view);
    view.querySelector("[data-message]").textContent = job.error?.message ?? "";
    view.querySelector("[data-message]").hidden = !job.error;
    product.hidden = !job.product_url;
    product.href = job.product_url;
    this.#tell(job.words);
    this.#say(`${job.words}. ${job.error?.message ?? ""}`);
    this.#settle();
    this.#emit("failed", { code: job.error?.code ?? job.status });
  }

  /* The end of a job while the dialog is closed is news on the button. */
  #settle() {
    if (this.#dialog.open) {
      this.#focus();
    } else {
      this.#host.dataset.news = "";
    }
  }

  async #reveal(job, signal) {
    const picture = new Image();
    picture.src = job.results[0].url;
    await picture.decode().catch(() => {});
    signal.throwIfAborted();
    const view = this.#show("result");
    const basket = view.querySelector("[data-basket]");
    const download = view.querySelector("[data-download]");
    const show = (result) => {
      const img = view.querySelector("[data-result]");
      img.width = result.width;
      img.height = result.height;
      img.src = download.href = result.url;
    };
    show(job.results[0]);
    this.#addThumbnails(view.querySelector("[data-thumbs]"), job.results, show);
    basket.hidden = !job.add_to_cart_url;
    basket.action = job.add_to_cart_url;
    basket.addEventListener("submit", (event) => {
      if (!this.#emit("added-to-basket")) {
        event.preventDefault();
      }
    });
    download.addEventListener("click", () => this.#emit("downloaded"));
    this.#host.dataset.state = "ready";
    this.#say(job.words);
    this.#settle();
    this.#emit("ready");
    await compare(view, job.photo_url);
  }

  #addThumbnails(list, results, show) {
    if (results.length < 2) {
      return;
    }
    list.append(
      ...results.map((result, index) => {
        const button = document.createElement("button");
        const img = document.createElement("img");
        button.type = "button";
        img.src = result.url;
        img.alt = `${this.#texts.picture} ${index + 1}`;
        button.append(img);
        button.addEventListener("click", () => show(result));
        return button;
      }),
    );
  }
}
