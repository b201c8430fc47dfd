/* The dialog of one try-on: choose a person, wait, see the picture. Imported at the first click. */

const ANSWER_MS = 20_000;

/* What outlives a page of the shop, in this tab: the try-on whose end nobody has seen, and who
   shall wear the next garment. */
const UNSEEN = "glam-tryon";
const PERSON = "glam-tryon-person";

const store = {
  get(key) {
    try {
      return JSON.parse(sessionStorage.getItem(key));
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      sessionStorage.setItem(key, JSON.stringify(value));
    } catch {
      // Where nothing may be stored, nothing is remembered.
    }
  },
};

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
    // The page's own language, which may stand in its address alone.
    xhr.setRequestHeader("Accept-Language", document.documentElement.lang || navigator.language);
    for (const [name, value] of Object.entries(headers)) {
      xhr.setRequestHeader(name, value);
    }
    if (onProgress) {
      xhr.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    } else {
      xhr.timeout = ANSWER_MS;
    }
    xhr.onload = () =>
      resolve({ status: xhr.status, data: xhr.response, header: (name) => xhr.getResponseHeader(name) });
    xhr.onerror = xhr.ontimeout = () => reject(new Error("no answer"));
    xhr.onabort = () => reject(new DOMException("aborted", "AbortError"));
    xhr.onloadend = () => signal?.removeEventListener("abort", abort);
    signal?.throwIfAborted();
    signal?.addEventListener("abort", abort);
    xhr.send(body);
  });
}

function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function showPicture(img, src, alt) {
  img.hidden = !src;
  if (!src) {
    img.removeAttribute("src");
  } else if (img.getAttribute("src") !== src) {
    img.src = src;
  }
  if (alt !== undefined) {
    img.alt = alt;
  }
}

function remember(job, start) {
  store.set(UNSEEN, { url: job.url, start });
}

/* The end of this try-on was seen, or it is wanted no more. */
function forget(url) {
  if (store.get(UNSEEN)?.url === url) {
    store.set(UNSEEN, null);
  }
}

/* What the view of a result can do is a module of its own, for most dialogs are closed before. */
const equipment = (view) => import(view.dataset.module).catch(() => null);

/* What only the dialog needs of the looks; its form is shown when it is there. */
function dress(href) {
  return new Promise((resolve) => {
    if (!href || document.querySelector(`link[href="${CSS.escape(href)}"]`)) {
      resolve();
      return;
    }
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = href;
    link.onload = link.onerror = resolve;
    document.head.append(link);
  });
}

/* The page may have loaded the garment's picture already, under the shop's own address. */
function useOwnPicture(garment) {
  const own = garment?.dataset.picture && new URL(garment.dataset.picture, location.href).href;
  if (own && [...document.images].some(({ currentSrc }) => currentSrc === own)) {
    garment.setAttribute("src", own);
  }
}

async function countCameras() {
  const devices = await navigator.mediaDevices?.enumerateDevices().catch(() => []);
  return (devices ?? []).filter(({ kind }) => kind === "videoinput").length;
}

/* For the modules that are loaded when they are needed. */
const unseen = () => store.get(UNSEEN);

export { ask, dress, equipment, forget, remember, unseen };

export class TryOn {
  #host;
  #link;
  #address;
  #shown = false;
  #texts;
  #lost = false;
  #dialog;
  #status;
  #body;
  #form = null;
  #view = null;
  #photo = null;
  #choice = 0;
  #abort = new AbortController();
  #film = new AbortController();
  #gone = new AbortController();
  #sent = false;
  #job = null;
  #clock = null;
  #waiting = null;
  #loading = false;
  #person = null;
  #dressed;
  #cameras;
  #chip;
  #next = "";

  constructor(host, link, texts, dialog) {
    this.#host = host;
    this.#link = link;
    // As the address was when the dialog was opened: the link may lead elsewhere later.
    this.#address = link.href;
    this.start = link.pathname;
    this.#texts = texts;
    this.#dialog = dialog;
    [this.#body, this.#status] = dialog.children;
    // Libraries that swap pages keep copies of them, in which nothing of a try-on works.
    host.querySelector(".glam-tryon-chip")?.remove();
    this.#chip = document.createElement("span");
    this.#chip.className = "glam-tryon-chip";
    this.#chip.part = "chip";
    this.#chip.dataset.turboTemporary = "";
    this.#chip.setAttribute("role", "status");
    host.append(this.#chip);
    this.#listen(dialog.querySelector(".glam-tryon-close"));
    // Restored as it was left: its end may have been seen on another page since.
    addEventListener(
      "pageshow",
      ({ persisted }) => {
        if (persisted && "news" in host.dataset && store.get(UNSEEN)?.url !== this.url) {
          this.#chip.textContent = "";
          delete host.dataset.news;
        }
      },
      { signal: this.#gone.signal },
    );
    this.#dressed = dress(texts.extras);
    this.#cameras = countCameras();
  }

  get isOpen() {
    return this.#dialog.open;
  }

  owns(dialog) {
    return dialog === this.#dialog;
  }

  /* The job that it tells of; undefined before there is one. */
  get url() {
    return this.#job?.url;
  }

  open() {
    if (this.#shown) {
      return;
    }
    this.#shown = true;
    delete this.#host.dataset.news;
    this.#chip.textContent = "";
    if (!this.#dialog.open) {
      this.#dialog.showModal();
    }
    this.#emit("opened");
    if (this.#loading) {
      return;
    }
    if (this.#form && !(this.#choosing && !this.#photo && this.#person !== store.get(PERSON))) {
      this.#see();
    } else {
      this.#load();
    }
  }

  /* Go on with a try-on that was begun on an earlier page; the dialog stays closed. */
  async resume(job) {
    if (this.#job) {
      return;
    }
    this.#job = job;
    await this.#load();
    if (this.#choosing) {
      this.#sent = true;
      this.#abort = new AbortController();
      this.#wait("");
      await this.#attend(job, this.#abort.signal).catch(() => {});
    }
  }

  destroy() {
    this.#gone.abort();
    this.#abort.abort();
    this.#film.abort();
    this.#clock?.stop();
    this.#forgetPhoto();
    this.#chip.remove();
    this.#dialog.remove();
    delete this.#host.dataset.state;
    delete this.#host.dataset.news;
  }

  #emit(name, detail) {
    return this.#host.emit(name, { job: this.#job?.id ?? null, ...detail });
  }

  #listen(close) {
    const dialog = this.#dialog;
    let pressed = null;
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      this.#shown = false;
      this.#film.abort();
      if (this.#form) {
        this.#complain("");
      }
      this.#emit("closed");
    });
    // A drag that begins in the dialog and ends beside it is no wish to close.
    dialog.addEventListener("pointerdown", (event) => (pressed = event.target));
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog && pressed === dialog) {
        dialog.close();
      }
    });
    dialog.addEventListener("click", (event) => {
      const link = event.target.closest("[data-mine]");
      if (link && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
        event.preventDefault();
        this.#showMine(link);
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

  get #personPicture() {
    return this.#form.querySelector("[data-person]");
  }

  get #choosing() {
    return this.#form && this.#view === this.#form;
  }

  /* The form's page, parsed; null when it is another page, such as one to sign in. */
  async #fetchForm() {
    const url = new URL(this.#address);
    this.#person = store.get(PERSON);
    if (this.#person) {
      url.searchParams.set("photo", this.#person);
    }
    const { data } = await ask("GET", url, {
      type: "document",
      headers: { "X-Glam-Tryon": "dialog" },
    });
    return data?.querySelector("[data-glam-tryon]") ?? null;
  }

  async #load() {
    const note = this.#body.querySelector(".glam-tryon-loading") ?? document.createElement("p");
    note.className = "glam-tryon-loading";
    note.textContent = this.#texts.loading ?? "";
    if (!note.isConnected) {
      this.#body.replaceChildren(note);
    }
    this.#loading = true;
    try {
      const [body, cameras, waiting] = await Promise.all([
        this.#fetchForm(),
        this.#cameras,
        import(this.#texts.waiting),
        this.#dressed,
      ]);
      this.#waiting = waiting;
      if (body) {
        useOwnPicture(body.querySelector("[data-garment]"));
        this.#body.replaceWith(document.adoptNode(body));
        this.#body = body;
        this.#texts = { ...this.#texts, ...body.dataset };
        this.#prepare(body.querySelector("form"), cameras);
      } else if (this.#dialog.open) {
        // A page to sign in, or one that says that the product is gone: the browser shows it.
        location.assign(this.#address);
      }
    } catch {
      const again = document.createElement("button");
      again.type = "button";
      again.className = "glam-tryon-primary";
      again.textContent = this.#texts.again ?? "";
      again.addEventListener("click", () => this.#load());
      note.textContent = this.#texts.unreachable ?? "";
      note.append(again);
      again.focus();
    } finally {
      this.#loading = false;
    }
  }

  #prepare(form, cameras) {
    this.#form = this.#view = form;
    const camera = form.querySelector("[data-camera]");
    // Beside the button, which is always in sight; on a page it stands at the top.
    const error = form.querySelector("[data-error]");
    form.querySelector(".glam-tryon-actions").prepend(error);
    // Such as a pause of the shop: said before somebody chooses a photo for nothing.
    const said = error.textContent;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    form.addEventListener("change", ({ target }) => {
      if (target.type === "radio") {
        this.#choosePerson(target);
      } else if (target.name === "photo" && target.files.length) {
        this.#choose(target.files[0]);
      } else if (target.name === "consent") {
        this.#complain("");
        this.#emit("consent", { given: target.checked });
      }
    });
    if (camera) {
      camera.hidden = !cameras;
      camera.addEventListener("click", () => this.#takePhoto());
    }
    const radios = [...form.querySelectorAll("[type=radio]")];
    const radio =
      radios.find(({ value }) => value === this.#person) ?? radios.find((each) => each.checked);
    if (radio) {
      radio.checked = true;
      this.#showPerson(radio);
    }
    if (said) {
      this.#complain(said, error.dataset.error);
    }
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

  /* Say what went wrong, and let the button be what comes next. */
  #complain(message, next = "", field = null) {
    const error = this.#form.querySelector("[data-error]");
    const submit = this.#form.querySelector("[type=submit]");
    error.textContent = message;
    error.hidden = !message;
    submit.dataset.text ??= submit.textContent;
    submit.textContent = this.#texts[next] ?? submit.dataset.text;
    this.#next = next;
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
    showPicture(this.#personPicture, url, name);
    this.#complain("");
  }

  /* A house model, or the photo that the shop still has of the shopper. */
  #choosePerson(radio) {
    this.#choice += 1;
    this.#forgetPhoto();
    this.#untick(radio);
    this.#showPerson(radio);
    if (radio.name === "house_model") {
      this.#emit("model-chosen");
    } else {
      this.#emit("photo-chosen", { kept: true });
    }
  }

  #showPerson(radio) {
    const card = radio.closest("label");
    const { src, dataset } = card.querySelector("img");
    const name = card.textContent.trim();
    this.#chosen("model", src, name);
    // The card's picture until the large one is there.
    if (dataset.large) {
      const large = new Image();
      large.src = dataset.large;
      large.onload = () => radio.checked && this.#form.contains(radio) && showPicture(this.#personPicture, large.src);
    }
  }

  #untick(chosen) {
    for (const radio of this.#form.querySelectorAll("[type=radio]")) {
      radio.checked = radio === chosen;
    }
  }

  async #takePhoto() {
    this.#film = new AbortController();
    const { signal } = this.#film;
    const view = this.#show("camera");
    this.#focus();
    const camera = await import(view.dataset.module).catch(() => null);
    const file = await camera?.film(view, signal);
    this.#replaceView(this.#form);
    this.#focus();
    if (file) {
      await this.#choose(file);
    } else if (!camera) {
      this.#complain(this.#texts.offline);
    }
  }

  async #choose(file) {
    this.#choice += 1;
    const choice = this.#choice;
    if (file.type && !file.type.startsWith("image/")) {
      this.#complain(this.#texts.notAPhoto, this.#photo ? "" : "photo");
      return;
    }
    const module = await import(this.#texts.photoModule).catch(() => null);
    const small = await module?.shrink(file, Number(this.#texts.longSide));
    if (choice !== this.#choice) {
      return;
    }
    if (!module) {
      this.#complain(this.#texts.offline, this.#photo ? "" : "photo");
      return;
    }
    const blob = small ?? file;
    this.#forgetPhoto();
    if (blob.size > Number(this.#texts.maxBytes)) {
      this.#complain(this.#texts.tooLarge, "photo");
      return;
    }
    this.#photo = { blob, url: small ? URL.createObjectURL(small) : "" };
    this.#untick(null);
    this.#chosen("photo", this.#photo.url, file.name);
    this.#form.elements.consent.parentElement.scrollIntoView({ block: "nearest" });
    this.#emit("photo-chosen");
  }

  /* My try-ons, over what the dialog shows, which goes on below. */
  async #showMine(link) {
    const module = await import(link.dataset.module).catch(() => null);
    const body = this.#body;
    const shown = await module?.panel(link, {
      ask,
      body,
      dress,
      dialog: this.#dialog,
      emit: (name, detail) => this.#emit(name, detail),
      deleted: (urls) => {
        if (urls.includes(this.#job?.urls.delete) && this.#view.dataset.view !== "waiting") {
          this.#back("");
        }
      },
      emptied: () => this.#start(),
    });
    if (!shown) {
      location.assign(link.href);
    }
  }

  /* From the beginning: neither a choice nor a try-on is left. */
  #start() {
    this.#abort.abort();
    this.#clock?.stop();
    this.#job = null;
    delete this.#host.dataset.state;
    this.#chip.textContent = "";
    this.#forgetPhoto();
    this.#load();
  }

  // Asking

  get #ticked() {
    return this.#form.querySelector("[type=radio]:checked");
  }

  #order() {
    const { elements } = this.#form;
    const body = new FormData();
    for (const name of ["csrfmiddlewaretoken", "request_id", "consent_sha256"]) {
      body.set(name, elements[name].value);
    }
    if (this.#photo) {
      body.set("photo", this.#photo.blob, "photo");
      for (const name of ["consent", "adult", "keep"]) {
        if (elements[name]?.checked) {
          body.set(name, "on");
        }
      }
    } else {
      body.set(this.#ticked.name, this.#ticked.value);
    }
    return body;
  }

  async #submit() {
    const { adult, consent, photo } = this.#form.elements;
    if (!this.#choosing) {
      return;
    }
    if (this.#next === "photo") {
      photo.click();
      return;
    }
    if (this.#next === "garment") {
      this.#another(this.#address);
      this.#emit("another-garment");
      return;
    }
    if (this.#next === "later") {
      this.#dialog.close();
      return;
    }
    if (!this.#photo && !this.#ticked) {
      this.#complain(this.#texts.noPerson);
      return;
    }
    const missing = this.#photo && [consent, adult].find((box) => box?.checked === false);
    if (missing) {
      this.#complain(missing === adult ? this.#texts.noAdult : this.#texts.noConsent, "", missing);
      return;
    }
    this.#complain("");
    this.#job = null;
    this.#sent = true;
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const upload = new AbortController();
    const view = this.#wait(this.#photo ? this.#texts.sending : this.#texts.starting);
    const bar = view.querySelector("progress");
    const cancel = view.querySelector("[data-cancel]");
    let sent = 1;
    // Half a photo is no order. A whole one may be: its answer is waited for, then canceled.
    signal.addEventListener("abort", () => sent < 1 && upload.abort());
    try {
      const { status, data } = await ask("POST", this.#form.action, {
        body: this.#order(),
        signal: upload.signal,
        onProgress: (part) => {
          sent = part;
          if (this.#photo && part < 1) {
            bar.value = part;
          } else {
            bar.removeAttribute("value");
          }
        },
      });
      if (signal.aborted) {
        await this.#stop(data, cancel);
      } else if (data?.id) {
        this.#job = data;
        remember(data, this.start);
        this.#emit("requested");
        await this.#attend(data, signal);
      } else {
        await this.#refuse(status, data?.error);
      }
    } catch (error) {
      if (!signal.aborted) {
        this.#back(this.#texts.offline, "again");
      }
    }
  }

  async #refuse(status, error) {
    const { consent, consent_sha256: sha256 } = this.#form.elements;
    if (error?.consent_text) {
      this.#form.querySelector("[data-consent]").textContent = error.consent_text;
      sha256.value = error.consent_sha256;
      consent.checked = false;
    }
    const lapsed = error ? ["csrf", "session"].includes(error.code) : status === 403;
    const large = status === 413;
    this.#emit("failed", { code: error?.code ?? String(status) });
    if (lapsed) {
      await this.#lose(this.#texts.session);
      return;
    }
    const known = large ? this.#texts.tooLarge : this.#texts.server;
    this.#back(error?.message ?? known, error?.next ?? (large ? "photo" : "again"));
  }

  /* A new token helps once; refused as well, the browser blocks the shop's cookies here. */
  async #lose(words) {
    const blocked = this.#lost;
    this.#lost = true;
    await this.#renew();
    this.#back(blocked ? this.#texts.cookies : words, "again");
    this.#form.querySelector("[type=submit]").hidden = blocked;
    this.#form.querySelector("[data-alone]").hidden = !blocked || top === self;
  }

  /* A new token in place of one whose session is over; what was chosen stays. */
  async #renew() {
    const body = await this.#fetchForm();
    if (!body) {
      location.assign(this.#address);
      return;
    }
    const name = "[name=csrfmiddlewaretoken]";
    const { value } = body.querySelector(name);
    const templates = [...this.#body.querySelectorAll("template")];
    for (const part of [this.#form, ...templates.map((template) => template.content)]) {
      for (const input of part.querySelectorAll(name)) {
        input.value = value;
      }
    }
  }

  // Waiting and the end

  #template(name) {
    return this.#body.querySelector(`[data-template=${name}]`).content.firstElementChild;
  }

  #create(name) {
    const view = document.importNode(this.#template(name), true);
    view.querySelector("[data-restart]")?.addEventListener("click", (event) => {
      event.preventDefault();
      this.#back("");
      if (event.currentTarget.dataset.restart === "photo") {
        this.#form.elements.photo.focus();
      }
    });
    return view;
  }

  #show(name) {
    const view = this.#create(name);
    this.#replaceView(view);
    return view;
  }

  #replaceView(view) {
    this.#clock?.stop();
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
  #back(message, next) {
    delete this.#host.dataset.state;
    delete this.#host.dataset.news;
    this.#replaceView(this.#form);
    if (this.#job) {
      forget(this.#job.url);
      this.#form.elements.request_id.value = randomId();
      this.#job = null;
    }
    this.#chip.textContent = "";
    this.#say("");
    this.#focus();
    this.#complain(message, next);
  }

  #fillStage(view, job) {
    const person = this.#personPicture;
    const garment = this.#form.querySelector("[data-garment]");
    const photo = person.getAttribute("src") || job?.photo_url;
    showPicture(view.querySelector("[data-person]"), photo, person.alt);
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
    this.#clock = new this.#waiting.Clock(view);
    // Needed in the moment in which the picture is there.
    equipment(this.#template("result"));
    this.#tell(words);
    this.#focus();
    return view;
  }

  #tell(words) {
    this.#view.querySelector("[data-words]").textContent = words;
    this.#say(words);
    if (!this.#chip.isConnected) {
      // Rendered anew by the shop's own script.
      this.#host.append(this.#chip);
    }
    if (this.#chip.textContent !== words) {
      this.#chip.textContent = words;
    }
  }

  async #attend(job, signal) {
    const tell = (now) => {
      this.#job = now ?? this.#job;
      if (!now) {
        this.#tell(this.#texts.reconnecting);
      } else if (!now.over) {
        this.#fillStage(this.#view, now);
        this.#clock.learn(now);
        this.#tell(now.words);
      }
    };
    const last = await this.#waiting.follow(job, signal, tell, ask);
    if (!last) {
      await this.#lose(this.#texts.gone);
    } else if (last.results.length) {
      this.#lost = false;
      await this.#reveal(last, signal);
    } else {
      this.#fail(last);
    }
  }

  async #cancel(form) {
    const job = this.#job;
    this.#abort.abort();
    this.#form.elements.request_id.value = randomId();
    this.#back("");
    this.#emit("canceled", { job: job?.id ?? null });
    await this.#stop(job, form);
  }

  async #stop(job, form) {
    if (job?.cancel_url) {
      await ask("POST", job.cancel_url, { body: new FormData(form) }).catch(() => {});
    }
  }

  #fail(job) {
    const view = this.#show("error");
    const product = view.querySelector("[data-product]");
    const restart = view.querySelector("[data-restart]");
    const next = job.error?.next ?? "again";
    this.#host.dataset.state = "failed";
    this.#fillStage(view, job);
    view.querySelector("[data-message]").textContent = job.error?.message ?? "";
    view.querySelector("[data-message]").hidden = !job.error;
    view.querySelector("[data-nothing]").hidden = Boolean(job.error);
    restart.hidden = next === "nothing";
    restart.dataset.restart = next;
    restart.textContent = this.#texts[next];
    product.hidden = !job.product_url;
    product.href = job.product_url;
    this.#tell(job.words);
    this.#say(`${job.words}. ${job.error?.message ?? ""}`);
    this.#settle(job);
    this.#emit("failed", { code: job.error?.code ?? job.status });
  }

  /* The end of a job while the dialog is closed is news on the button. */
  #settle(job) {
    if (this.#dialog.open) {
      this.#see();
    } else {
      this.#host.dataset.news = "";
      this.#chip.textContent = job.words;
    }
  }

  #see() {
    this.#focus();
    if (this.#job && this.#view.dataset.view !== "waiting") {
      forget(this.#job.url);
      this.#chip.textContent = "";
    }
  }

  async #reveal(job, signal) {
    const [first] = job.results;
    const module = equipment(this.#template("result"));
    const view = this.#create("result");
    const img = view.querySelector("[data-result]");
    img.width = first.width;
    img.height = first.height;
    img.src = first.url;
    // All that the view needs is there before it is seen, so that nothing in it moves.
    await Promise.all([img.decode().catch(() => {}), module]);
    signal.throwIfAborted();
    this.#replaceView(view);
    this.#host.dataset.state = "ready";
    this.#say(job.words);
    this.#settle(job);
    this.#emit("ready");
    (await module)?.equip(view, job, {
      ask,
      signal,
      emit: (name, detail) => this.#emit(name, detail),
      another: () => this.#another(job.again_url || this.#address),
      deleted: () => this.#back(""),
      close: () => this.#dialog.close(),
      basketForm: this.#host.dataset.basketForm,
    });
  }

  /* The next product's dialog begins with the same person. */
  #another(url) {
    const again = new URL(url, location.href);
    store.set(PERSON, again.searchParams.get("photo") ?? this.#ticked?.value ?? null);
    this.#dialog.close();
  }
}
