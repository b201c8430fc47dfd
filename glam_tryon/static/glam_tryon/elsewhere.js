/* A try-on away from its dialog: on a page of its own, on the button of another page of the shop,
   and as a badge where its product has none. */

/* The exports of the modules that it works with. */
let tools = null;

async function load(texts) {
  const modules = await Promise.all([import(texts.glamTryonDialog), import(texts.waiting)]);
  tools = Object.assign({}, ...modules);
}

/* A job's own page: look again without reloading it, and equip it when the picture is there. */
export async function attend(host, texts) {
  await load(texts);
  const { signal } = new AbortController();
  const { job: url } = host.dataset;
  const waiting = host.querySelector("[data-view=waiting]");
  if (waiting) {
    tools.remember({ url }, "");
    const words = waiting.querySelector("[data-words]");
    const clock = new tools.Clock(waiting);
    words.setAttribute("aria-live", "polite");
    const tell = (job) => {
      if (job) {
        clock.learn(job);
        if (job.words !== words.textContent) {
          words.textContent = job.words;
        }
      }
    };
    await tools.follow({ url }, signal, tell, tools.ask);
    location.reload();
    return;
  }
  tools.forget(url);
  const view = host.querySelector("[data-view=result]");
  if (view) {
    const { data: job } = await tools.ask("GET", url);
    const emit = (name, detail) => host.emit(name, { job: job.id, ...detail });
    (await tools.equipment(view))?.equip(view, job, { ask: tools.ask, emit, signal });
  }
}

/* The badge in sight, and how to end it. */
let shown = null;

/* Let the button of its product tell of the try-on whose end nobody has seen; a badge where the
   page has no such button, or has one no more. */
export async function tell(buttons, texts) {
  await load(texts);
  const unseen = tools.unseen();
  for (const button of buttons) {
    // Its link leads to another garment now, or its end was seen while the browser kept this page
    // aside; what is open is finished first.
    const { tryon, link } = button;
    const other = tryon?.start !== link?.pathname || (tryon?.url && tryon.url !== unseen?.url);
    if (tryon && other && !tryon.isOpen) {
      button.leave();
    }
  }
  const holder = unseen && [...buttons].find((button) => holds(button, unseen));
  if (holder && !holder.tryon?.url) {
    holder.take().then(
      (tryon) => tryon.resume(unseen),
      () => {},
    );
  }
  // On its own page everything can be seen.
  const own = unseen && document.querySelector(`[data-job="${CSS.escape(unseen.url)}"]`);
  if (!unseen || holder || own || shown?.url !== unseen.url || !shown.note.isConnected) {
    shown?.end.abort();
    shown = null;
    clean(buttons);
    if (unseen && !holder && !own) {
      shown = { url: unseen.url, end: new AbortController(), note: document.createElement("p") };
      badge(shown);
    }
  }
}

function holds({ link, tryon }, unseen) {
  return link && (tryon?.url ? tryon.url === unseen.url : link.pathname === unseen.start);
}

/* Libraries that swap pages keep copies of them, in which neither badge nor dialog works. */
function clean(buttons) {
  for (const copy of document.querySelectorAll(".glam-tryon-badge, .glam-tryon-dialog:not([open])")) {
    if (![...buttons].some(({ tryon }) => tryon?.owns(copy))) {
      copy.remove();
    }
  }
}

async function badge({ url, end, note }) {
  const link = document.createElement("a");
  note.className = "glam-tryon glam-tryon-badge";
  note.part = "badge";
  note.dataset.turboTemporary = "";
  note.setAttribute("role", "status");
  link.href = url;
  document.body.append(note);
  end.signal.addEventListener("abort", () => note.remove());
  const tell = (job) => {
    if (job) {
      const text = `${job.title}: ${job.words}`;
      if (text !== link.textContent) {
        link.textContent = text;
        note.replaceChildren(link);
      }
      note.dataset.state = job.over || job.error ? "over" : "waiting";
    }
  };
  const last = await tools.follow({ url }, end.signal, tell, tools.ask).catch(() => undefined);
  if (last === null) {
    tools.forget(url);
    note.remove();
  }
}
