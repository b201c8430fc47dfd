/* A try-on away from its dialog: on a page of its own, and as a badge on any page of the shop.
   `tools` are the exports of the modules that it works with. */

/* A job's own page: look again without reloading it, and equip it when the picture is there. */
export async function attend(host, tools) {
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

/* Tell of a try-on on a page without its product's button. */
export async function badge({ url }, tools) {
  const note = document.createElement("p");
  const link = document.createElement("a");
  note.className = "glam-tryon glam-tryon-badge";
  note.part = "badge";
  note.setAttribute("role", "status");
  link.href = url;
  document.body.append(note);
  const { signal } = new AbortController();
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
  const last = await tools.follow({ url }, signal, tell, tools.ask);
  if (!last) {
    tools.forget(url);
    note.remove();
  }
}
