// The sandbox page: who plays whom stands in the address (#as=R0001&chat=g-3), what is said goes through the sandbox channel's API.
// Texts only ever become text nodes.

const $ = id => document.getElementById(id);
const app = $("app");
const words = app.dataset;
const state = { me: null, chats: [], chat: null, seq: new Map(), names: new Map(), quote: null, photo: null, unsent: null, epoch: 0 };
const LARGEST = 10 * 1024 * 1024;
const POLL = 1000;

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// --- talking to the API ---------------------------------------------------------------------------------------------------

async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, { ...options, cache: "no-store" });
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(data.error || words.failed), { status: answer.status, told: data.error });
  return data;
}

function trouble(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
}

// --- the address ----------------------------------------------------------------------------------------------------------

const address = () => new URLSearchParams(location.hash.slice(1));

function go(values) {
  const next = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
  location.hash = next.toString();
}

async function follow() {
  const wanted = address();
  const key = wanted.get("as");
  const epoch = ++state.epoch;
  if (!key) {
    state.me = state.chat = null;
    app.dataset.view = "people";
    await listPeople();
    return;
  }
  if (state.me?.key !== key) {
    try {
      const [me, chats] = await Promise.all([ask(`/sandbox/people/${encodeURIComponent(key)}`), ask("/sandbox/chats")]);
      if (epoch !== state.epoch) return;
      state.me = me;
      state.chats = mine(chats);
      state.seq = read();
      trouble("");
    } catch (error) {
      trouble(error.told || words.offline);
      if (error.status === 404) {
        app.dataset.view = "people";
        await listPeople();
        trouble(error.told);
      }
      return;
    }
    $("me").replaceChildren(state.me.name, make("small", "", [state.me.post, state.me.home].filter(Boolean).join(" · ")));
    await Promise.all(state.chats.map(peek));
    if (epoch !== state.epoch) return;
  }
  const chat = state.chats.find(one => one.chat === wanted.get("chat")) || null;
  if (chat !== state.chat) open(chat);
  app.dataset.view = chat ? "chat" : "chats";
  drawChats();
}

function mine(chats) {
  const direct = { chat: `dm:${state.me.key}`, name: words.bot, hint: words.botHint, bot: true, unread: 0 };
  const groups = chats.filter(one => one.chat !== direct.chat && Array.isArray(one.members) && one.members.includes(state.me.key));
  return [direct, ...groups.map(one => ({ chat: one.chat, name: one.name, hint: "", unread: 0 }))];
}

// --- who ------------------------------------------------------------------------------------------------------------------

let searching = 0;

async function listPeople() {
  const turn = ++searching;
  try {
    const found = await ask(`/sandbox/people?q=${encodeURIComponent($("q").value.trim())}`);
    if (turn !== searching) return;
    trouble("");
    const parts = [];
    const kinds = [];
    for (const group of found.groups) {
      const section = make("section");
      const heading = make("h2", "kind", group.name);
      heading.tabIndex = -1;
      const kind = make("button", "kindchip", group.name);
      kind.type = "button";
      kind.addEventListener("click", () => {
        section.scrollIntoView();
        heading.focus({ preventScroll: true });
      });
      kinds.push(kind);
      const list = make("ul");
      for (const person of group.people) {
        state.names.set(person.key, person.name);
        const button = make("button", "entry");
        button.type = "button";
        button.dataset.key = person.key;
        const body = make("span", "entry__bd");
        body.append(make("span", "entry__name", person.name), make("span", "entry__more", [person.post, person.home, person.key].filter(Boolean).join(" · ")));
        button.append(face(person.name), body);
        button.addEventListener("click", () => go({ as: person.key }));
        const item = make("li");
        item.append(button);
        list.append(item);
      }
      section.append(heading, list);
      if (group.more) section.append(make("p", "kind", words.more));
      parts.push(section);
    }
    if (!parts.length) parts.push(make("p", "none", words.none));
    $("cast").replaceChildren(...parts);
    $("kinds").replaceChildren(...(kinds.length > 1 ? kinds : []));
  } catch (error) {
    trouble(error.told || words.offline);
  }
}

function face(name, kind = "") {
  const node = make("span", `face ${kind}`, name.slice(0, 1));
  node.setAttribute("aria-hidden", "true");
  return node;
}

// --- which chat -----------------------------------------------------------------------------------------------------------

function drawChats() {
  const items = state.chats.map(one => {
    const button = make("button", "entry");
    button.type = "button";
    button.dataset.chat = one.chat;
    if (one === state.chat) button.setAttribute("aria-current", "true");
    const body = make("span", "entry__bd");
    body.append(make("span", "entry__name", one.name), make("span", "entry__more", one.last || one.hint));
    button.append(face(one.name, one.bot ? "face_bot" : "face_group"), body);
    if (one.unread) {
      const dot = make("span", "dot", String(one.unread));
      dot.append(make("span", "quiet", words.unread));
      button.append(dot);
    }
    button.addEventListener("click", () => go({ as: state.me.key, chat: one.chat }));
    const item = make("li");
    item.append(button);
    return item;
  });
  const focused = document.activeElement?.dataset?.chat;
  $("chatlist").replaceChildren(...items);
  if (focused) $("chatlist").querySelector(`[data-chat="${CSS.escape(focused)}"]`)?.focus();
}

// The newest message this person has seen in each chat; kept in this browser, so that a reload does not forget it.
const store = () => `yst-seen:${state.me.key}`;

function read() {
  try {
    return new Map(Object.entries(JSON.parse(localStorage.getItem(store()) || "{}")));
  } catch {
    return new Map();
  }
}

function seen(chat, seq) {
  state.seq.set(chat, seq);
  try {
    localStorage.setItem(store(), JSON.stringify(Object.fromEntries(state.seq)));
  } catch {
    // A browser that keeps nothing shows everything as new after a reload.
  }
}

async function peek(one) {
  const since = Math.max(one.peeked || 0, Number(state.seq.get(one.chat) || 0));
  const { messages } = await fetchMessages(one.chat, since);
  const fresh = messages.filter(message => message.seq > since);
  if (!fresh.length) return false;
  one.peeked = fresh[fresh.length - 1].seq;
  one.last = fresh[fresh.length - 1].text;
  one.unread += fresh.filter(message => message.sender !== state.me.key).length;
  return true;
}

const fetchMessages = (chat, after) => ask(`/sandbox/chats/${encodeURIComponent(chat)}/messages?after=${after}`);

// --- one chat -------------------------------------------------------------------------------------------------------------

function open(chat) {
  state.chat = chat;
  state.unsent = null;
  state.drawn = 0;
  state.lastTime = 0;
  quote(null);
  photo(null);
  $("log").replaceChildren();
  $("say").hidden = !chat;
  if (!chat) return;
  $("chatname").replaceChildren(chat.name, make("small", "", `${words.you} ${state.me.name}`));
  $("mention").hidden = Boolean(chat.bot);
  $("mention").setAttribute("aria-pressed", "false");
  $("log").append(make("li", "log__empty", words.empty));
  refresh();
}

let refreshing = Promise.resolve();

function refresh() {
  // One after the other, so that nothing is drawn twice.
  refreshing = refreshing.then(async () => {
    const chat = state.chat;
    if (!chat) return;
    try {
      const { messages } = await fetchMessages(chat.chat, state.drawn);
      if (chat !== state.chat) return;
      // Why a line was not taken stays until it is sent again.
      if (!state.unsent) trouble("");
      draw(chat, messages);
    } catch (error) {
      trouble(error.told || words.offline);
    }
  });
  return refreshing;
}

function draw(chat, messages) {
  const log = $("log");
  const fresh = messages.filter(message => message.seq > state.drawn);
  if (!fresh.length) return;
  log.querySelector(".log__empty")?.remove();
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 120;
  for (const message of fresh) {
    state.drawn = message.seq;
    const time = Date.parse(message.at);
    if (Math.abs(time - state.lastTime) > 5 * 60 * 1000) log.append(make("li", "log__time", clockText(message.at)));
    state.lastTime = time;
    log.append(bubble(message));
  }
  chat.last = fresh[fresh.length - 1].text;
  chat.unread = 0;
  chat.peeked = state.drawn;
  seen(chat.chat, state.drawn);
  drawChats();
  if (atEnd || fresh.some(message => message.sender === state.me.key)) log.scrollTop = log.scrollHeight;
  learnNames(fresh);
}

function bubble(message) {
  const own = message.sender === state.me.key;
  const item = make("li", own ? "msg msg_mine" : "msg");
  item.dataset.id = message.id;
  const who = message.sender === "bot" ? words.bot : state.names.get(message.sender) || message.sender;
  const body = make("div", "msg__bd");
  const name = make("span", "msg__who", who);
  name.dataset.sender = message.sender;
  if (own) name.classList.add("quiet");
  body.append(name);
  const box = make("div", "bubble");
  if (message.text) box.append(make("span", "bubble__text", message.text));
  for (const source of message.images || []) box.append(picture(source));
  body.append(box);
  const links = (message.links || []).filter(link => /^(https?:\/\/|\/)/.test(link));
  if (links.length) {
    const list = make("div", "links");
    for (const link of links) {
      const node = make("a", "", words.link);
      node.href = link;
      node.target = "_blank";
      node.rel = "noopener";
      list.append(node);
    }
    body.append(list);
  }
  if (message.buttons?.length) {
    const taps = make("div", "taps");
    for (const one of message.buttons) {
      const tap = make("button", "tap", one.label);
      tap.type = "button";
      tap.addEventListener("click", () => press(tap, one.send));
      taps.append(tap);
    }
    body.append(taps);
  }
  const dots = make("button", "dots", "⋯");
  dots.type = "button";
  dots.setAttribute("aria-label", `${words.moreOf}：${who} ${message.text.slice(0, 20)}`);
  dots.addEventListener("click", () => menu(message));
  held(box, () => menu(message));
  item.append(face(who, message.sender === "bot" ? "face_bot" : ""), body, dots);
  return item;
}

// Our own photos under whatever name this page was opened by (localhost, 127.0.0.1): another name would be another site.
function here(source) {
  const url = new URL(source, location.href);
  return url.pathname.startsWith("/photos/") ? url.pathname + url.search : source;
}

function picture(source) {
  const image = make("img");
  image.alt = words.photoOf;
  image.src = here(source);
  image.addEventListener("load", () => {
    const log = $("log");
    if (log.scrollHeight - log.scrollTop - log.clientHeight < 400) log.scrollTop = log.scrollHeight;
  });
  return image;
}

// Names of people who were not in the picker's list yet.
async function learnNames(messages) {
  const unknown = new Set(messages.map(message => message.sender).filter(key => key !== "bot" && !state.names.has(key)));
  for (const key of unknown) {
    try {
      const person = await ask(`/sandbox/people/${encodeURIComponent(key)}`);
      state.names.set(key, person.name);
      for (const node of $("log").querySelectorAll(`[data-sender="${CSS.escape(key)}"]`)) node.textContent = person.name;
    } catch {
      state.names.set(key, key);
    }
  }
}

const clockText = iso => new Date(iso).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", weekday: "short" });

function held(node, act) {
  let timer = 0;
  const stop = () => clearTimeout(timer);
  node.addEventListener("contextmenu", event => { event.preventDefault(); act(); });
  node.addEventListener("touchstart", () => { timer = setTimeout(act, 550); }, { passive: true });
  for (const kind of ["touchend", "touchmove", "touchcancel"]) node.addEventListener(kind, stop, { passive: true });
}

// --- saying something -----------------------------------------------------------------------------------------------------

async function send(text, { quoted = null, images = [], mention = false } = {}) {
  const chat = state.chat;
  const body = { chat: chat.chat, sender: state.me.key, text };
  if (mention) body.mention = true;
  if (quoted) body.quote = quoted;
  if (images.length) body.images = images;
  // The same line once more is the same message, so that it is done once.
  const said = JSON.stringify(body);
  const id = state.unsent?.said === said ? state.unsent.id : crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`;
  state.unsent = null;
  try {
    await ask("/sandbox/messages", { id, ...body });
  } catch (error) {
    state.unsent = { said, id };
    throw error;
  }
  await refresh();
}

async function press(tap, text) {
  // A text that still needs words (「完成 17 」) goes to the input; any other is sent at once.
  if (/\s$/.test(text)) {
    $("text").value = text;
    $("text").focus();
    return;
  }
  tap.disabled = true;
  try {
    await send(text);
    tap.dataset.tapped = "";
  } catch (error) {
    trouble(error.told || words.failed);
  }
  tap.disabled = false;
}

$("say").addEventListener("submit", async event => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text && !state.photo) return;
  const button = $("say").querySelector(".send");
  if (button.disabled) return;
  button.disabled = true;
  try {
    await send(text, { quoted: state.quote?.id, images: state.photo ? [state.photo] : [], mention: $("mention").getAttribute("aria-pressed") === "true" });
    $("text").value = "";
    grow();
    quote(null);
    photo(null);
    $("mention").setAttribute("aria-pressed", "false");
  } catch (error) {
    trouble(error.told || words.failed);
  }
  button.disabled = false;
  $("text").focus();
});

$("text").addEventListener("keydown", event => {
  // Not while an input method is still choosing characters.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
    event.preventDefault();
    $("say").requestSubmit();
  }
});

function grow() {
  const text = $("text");
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}

$("text").addEventListener("input", grow);
$("mention").addEventListener("click", () => {
  const on = $("mention").getAttribute("aria-pressed") === "true";
  $("mention").setAttribute("aria-pressed", String(!on));
});

function quote(message) {
  state.quote = message;
  $("quoting").hidden = !message;
  $("quoted").textContent = message ? message.text : "";
}

function photo(data) {
  state.photo = data;
  $("showing").hidden = !data;
  if (data) $("preview").src = data;
  else {
    $("preview").removeAttribute("src");
    $("photo").value = "";
  }
}

$("unquote").addEventListener("click", () => quote(null));
$("unphoto").addEventListener("click", () => photo(null));
$("photo").addEventListener("change", () => {
  const file = $("photo").files[0];
  if (!file) return;
  if (file.size > LARGEST || !/^image\/(jpeg|png|webp)$/.test(file.type)) {
    trouble(words.photoKind);
    $("photo").value = "";
    return;
  }
  const reader = new FileReader();
  reader.addEventListener("load", () => photo(reader.result));
  reader.readAsDataURL(file);
});

// --- the menu of one message ----------------------------------------------------------------------------------------------

let chosen = null;

function menu(message) {
  chosen = message;
  const own = message.sender === state.me.key;
  $("menu").querySelector("[data-do=recall]").hidden = !own;
  $("menu").showModal();
}

$("menu").addEventListener("click", async event => {
  const what = event.target.dataset?.do;
  if (!what) {
    // A tap beside the menu closes it.
    if (event.target === $("menu")) $("menu").close();
    return;
  }
  $("menu").close();
  if (what === "quote") {
    quote(chosen);
    $("text").focus();
  } else if (what === "copy") {
    $("text").value = chosen.text;
    grow();
    $("text").focus();
  } else if (what === "recall") {
    try {
      await ask("/sandbox/recall", { chat: state.chat.chat, sender: state.me.key, id: chosen.id });
      $("log").querySelector(`[data-id="${CSS.escape(chosen.id)}"]`)?.remove();
      await refresh();
    } catch (error) {
      trouble(error.told || words.failed);
    }
  }
});

// --- the clock ------------------------------------------------------------------------------------------------------------

function showClock(now) {
  $("now").textContent = clockText(now);
  $("now").dateTime = now;
}

async function readClock() {
  try {
    showClock((await ask("/sandbox/clock")).now);
  } catch {
    // The next poll says so.
  }
}

for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", async () => {
    const all = document.querySelectorAll("[data-advance]");
    for (const one of all) one.disabled = true;
    try {
      showClock((await ask("/sandbox/clock", { advance: button.dataset.advance })).now);
      await refresh();
      await peekAll();
    } catch (error) {
      trouble(error.told || words.failed);
    }
    for (const one of all) one.disabled = false;
    button.focus();
  });
}

// --- keeping up -----------------------------------------------------------------------------------------------------------

async function peekAll() {
  let changed = false;
  for (const one of state.chats.filter(one => one !== state.chat)) changed = (await peek(one).catch(() => false)) || changed;
  if (changed) drawChats();
}

let beats = 0;

async function beat() {
  if (!document.hidden) {
    beats += 1;
    await refresh();
    // The other chats take turns, a few each second, however many there are.
    const others = state.chats.filter(one => one !== state.chat);
    let changed = false;
    for (let n = 0; n < Math.min(3, others.length); n += 1) {
      const one = others[(beats * 3 + n) % others.length];
      changed = (await peek(one).catch(() => false)) || changed;
    }
    if (changed && state.me) drawChats();
    if (beats % 20 === 0) await readClock();
  }
  setTimeout(beat, POLL);
}

$("back").addEventListener("click", () => go({ as: state.me.key }));
$("change").addEventListener("click", () => go({}));
let typing = 0;
$("q").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(listPeople, 200);
});
addEventListener("hashchange", follow);

readClock();
await follow();
beat();
