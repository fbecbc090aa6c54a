// The review page in the browser: shows findings, sends decisions, learns of those of others.
// The server makes all markup; what comes from an article is escaped there.
"use strict";

const POLL = 4000; // milliseconds between two looks for decisions of others
const SEARCH_PAUSE = 200; // milliseconds after the last letter of a search
const SAID = 4000; // milliseconds that a message stays
const KEPT = 40; // findings whose markup is kept: those around the current one

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const form = $("#filters");
const main = $("#finding");

let aim = 0; // id of the finding that is shown or on its way; j pressed twice goes on by two
let turn = 0; // of the finding that is being shown; an answer to an earlier one comes too late
let change = Number(document.body.dataset.change);
let fragments = new Map(); // id of a finding -> promise of its markup
let decided = []; // ids of findings decided on in this tab, the last one last
let jump = 0; // how often o was pressed on this finding
let sending = Promise.resolve(); // decisions are sent one after the other

// --- talking to the server -------------------------------------------------------------------------------------------

async function get(address) {
  let answer;
  try {
    answer = await fetch(address, { credentials: "same-origin" });
  } catch (error) {
    trouble("The server does not answer. Every decision made so far is saved; start claims review again.");
    throw error;
  }
  if (answer.status === 403) {
    trouble("This page is of an earlier review. Open the address that claims review printed last.");
    throw new Error("refused");
  }
  trouble("");
  return answer;
}

async function post(decision) {
  let answer;
  try {
    answer = await fetch("/verdicts", {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(decision),
      keepalive: true,
    });
  } catch (error) {
    trouble("Not saved: the server does not answer. Start claims review again and repeat the last decision.");
    throw error;
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok && answer.status !== 409) {
    trouble(`Not saved: ${told.error || answer.status}. Reload the page.`);
    throw new Error("not saved");
  }
  trouble("");
  return { ...told, added: answer.ok };
}

function trouble(words) {
  const place = $("#trouble");
  if (place.textContent !== words) place.textContent = words;
  place.hidden = !words;
}

let saidTimer;
function say(words) {
  const place = $("#said");
  place.textContent = words;
  clearTimeout(saidTimer);
  saidTimer = setTimeout(() => { place.textContent = ""; }, SAID);
}

// --- the queue -------------------------------------------------------------------------------------------------------

function asked() {
  const values = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    const usual = { verdict: "unreviewed", sort: "surest" }[name] || "";
    if (value !== usual) values.set(name, value);
  }
  return values;
}

function address(id) {
  const values = asked();
  if (id) values.set("finding", id);
  return values.size ? `/?${values}` : "/";
}

async function loadQueue(at, { list = true } = {}) {
  const values = asked();
  if (at) values.set("at", at);
  const answer = await get(`/queue?${values}`);
  const told = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of $$("[data-part]", told)) {
    const name = part.dataset.part;
    const live = $(`[data-part="${name}"]`);
    if (!live || (name === "list" && !list) || live.innerHTML === part.innerHTML) continue;
    const value = live.value;
    live.replaceChildren(...part.childNodes);
    if (live.tagName === "SELECT") live.value = value;
  }
  if (list) mark();
}

const items = () => $$(".item");
const itemOf = (id) => $(`.item[data-id="${id}"]`);
const finding = () => $("article.finding", main);
const current = () => Number(finding()?.dataset.id || 0);

function neighbour(step) {
  const item = itemOf(aim || current());
  if (!item) return Number(items()[0]?.dataset.id || 0);
  const next = step > 0 ? item.nextElementSibling : item.previousElementSibling;
  const beyond = step > 0 ? item.parentElement.dataset.next : item.parentElement.dataset.previous;
  return Number(next?.dataset.id || beyond || 0);
}

function mark() {
  const id = current();
  for (const item of items()) {
    const link = $("a", item);
    if (Number(item.dataset.id) === id) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const item = itemOf(id);
  const list = $(".items");
  const place = $("[data-position]", main);
  if (place) {
    const n = item ? Number(list.dataset.before) + items().indexOf(item) + 1 : 0;
    place.textContent = n ? `${n.toLocaleString("en")} of ${Number(list.dataset.n).toLocaleString("en")}` : "not in this queue";
  }
  if (item) item.scrollIntoView({ block: "nearest" });
}

function setItem(pair, state, words) {
  for (const item of $$(`.item[data-pair="${pair}"]`)) {
    item.className = `item ${state}`;
    $(".verdict", item).textContent = words;
  }
}

// --- the finding -----------------------------------------------------------------------------------------------------

function fragment(id) {
  if (!fragments.has(id)) {
    const answer = get(`/findings/${id}`).then((got) => got.text());
    answer.catch(() => fragments.delete(id));
    fragments.set(id, answer);
    if (fragments.size > KEPT) fragments.delete(fragments.keys().next().value);
  }
  return fragments.get(id);
}

async function show(id, { focus = false } = {}) {
  saveNote();
  const mine = ++turn;
  aim = id;
  const markup = await fragment(id);
  if (mine !== turn) return;
  put(markup);
  aim = current();
  main.scrollTop = 0;
  document.body.classList.remove("queue-open");
  $("#toggle").setAttribute("aria-expanded", "false");
  history.replaceState(null, "", address(id));
  if (!itemOf(id)) await loadQueue(id);
  mark();
  announce();
  if (focus) main.focus({ preventScroll: true });
  const next = neighbour(1);
  if (next) fragment(next).catch(() => {});
}

function put(markup) {
  jump = 0;
  const active = document.activeElement;
  const { verdict, do: action } = active.dataset;
  const inside = active !== main && main.contains(active);
  main.innerHTML = markup;
  if (!inside) return;
  // Who works with Tab and Enter stays on the same button, though it is another element now.
  const same = verdict ? $(`[data-verdict="${verdict}"]`, main) : action ? $(`[data-do="${action}"]`, main) : null;
  (same || main).focus({ preventScroll: true });
}

function announce() {
  // For a screen reader: what came onto the screen.
  const at = finding();
  if (!at) return;
  const words = [$("[data-position]", at), $(".sum h2", at), $(".level", at), ...$$("blockquote", at)];
  $("#told").textContent = words.map((each) => each.textContent.trim().slice(0, 300)).join(". ");
}

async function putNothing() {
  turn++;
  aim = 0;
  put(await (await get(`/queue/nothing?${asked()}`)).text());
  history.replaceState(null, "", address(0));
}

async function go(step) {
  const id = neighbour(step);
  if (id) await show(id);
  else say(step > 0 ? "This is the last finding of the queue." : "This is the first finding of the queue.");
}

async function refresh(id) {
  fragments.delete(id);
  const note = $("#note");
  const typed = note && document.activeElement === note ? note.value : null;
  const top = main.scrollTop;
  put(await fragment(id));
  main.scrollTop = top;
  mark();
  if (typed !== null) {
    openNote();
    $("#note").value = typed;
  }
}

// --- decisions -------------------------------------------------------------------------------------------------------

const WORDS = { confirmed: "Confirmed", false_alarm: "False alarm", dismissed: "Dismissed" };

async function decide(verdict) {
  const at = finding();
  if (!at || (aim && aim !== current())) return; // nobody decides on what is not on the screen yet
  if (at.dataset.deciding) return;
  at.dataset.deciding = "yes";
  await sending; // its note may be on the way
  if (finding() !== at) return;
  // Where to go is settled now, and a second key does not hit this finding again.
  const { pair, id } = at.dataset;
  const next = neighbour(1);
  const decision = { pair, verdict, note: $("#note").value, seen: Number(at.dataset.seen) };
  $("#note").defaultValue = decision.note;
  sending = sending.then(async () => {
    const told = await post(decision).catch((error) => {
      delete at.dataset.deciding;
      throw error;
    });
    at.dataset.seen = told.seen;
    fragments.delete(Number(id));
    setItem(pair, told.state, told.state ? told.words : "");
    if (!told.added) {
      await conflict(Number(id), told);
      return;
    }
    if (verdict) {
      decided.push(Number(id));
      say(`${WORDS[verdict]}. u takes it back.`);
      if (next) await show(next);
      else await end(Number(id));
    } else {
      decided = decided.filter((each) => each !== Number(id));
      say("Taken back.");
      if (current() === Number(id)) await refresh(Number(id));
    }
    await loadQueue(current(), { list: false });
  }).catch(() => {});
  return sending;
}

async function end(id) {
  await loadQueue(0);
  const first = items().map((item) => Number(item.dataset.id)).find((each) => each !== id);
  if (first && asked().get("verdict") === null) {
    await show(first);
    return;
  }
  if (asked().get("verdict") === null) {
    await putNothing();
    say("That was the last one. u takes it back.");
    return;
  }
  await refresh(id);
  say("That was the last finding of the queue. u takes it back.");
}

async function conflict(id, told) {
  if (current() !== id) await show(id);
  else await refresh(id);
  const place = $("[data-conflict]", main);
  const stands = told.state ? `It now stands as: ${told.words}.` : "Its verdict was taken back.";
  place.textContent = `Somebody decided in the meantime. ${stands} Yours was not saved; press the key again to put it in place of theirs.`;
  place.hidden = false;
  await loadQueue(current(), { list: false });
}

async function undo() {
  await sending;
  const at = finding();
  if (at?.dataset.state) return decide(null);
  const last = decided.pop();
  if (!last) {
    say("Nothing to take back.");
    return;
  }
  await show(last);
  if (finding()?.dataset.state) return decide(null);
}

function openNote() {
  const place = $(".note", main);
  if (!place) return;
  place.hidden = false;
  $("#note").focus();
}

function saveNote() {
  const note = $("#note");
  const at = finding();
  if (!note || !at || note.value.trim() === note.defaultValue.trim()) return;
  const decision = { pair: at.dataset.pair, verdict: at.dataset.state || null, note: note.value };
  const before = note.defaultValue;
  note.defaultValue = note.value;
  sending = sending.then(async () => {
    const told = await post({ ...decision, seen: Number(at.dataset.seen) });
    fragments.delete(Number(at.dataset.id));
    at.dataset.seen = told.seen;
    if (told.added) {
      setItem(decision.pair, told.state, told.state ? told.words : "");
      say("Note saved.");
    } else {
      await conflict(Number(at.dataset.id), told);
      $(".note", main).hidden = false;
      $("#note").value = decision.note;
    }
  }).catch(() => { note.defaultValue = before; }); // so that it is tried again
}

// --- decisions of others ---------------------------------------------------------------------------------------------

async function look() {
  if (document.hidden) return;
  const answer = await get(`/changes?since=${change}`).catch(() => null);
  if (!answer) return;
  const told = await answer.json();
  if (told.change === change) return;
  change = told.change;
  await sending;
  if (!told.complete) {
    fragments = new Map();
    await loadQueue(current());
    return;
  }
  for (const decision of told.decisions) {
    setItem(decision.pair, decision.state, decision.words);
    const at = finding();
    if (at && at.dataset.pair === decision.pair && Number(at.dataset.seen) < decision.seen) {
      await refresh(Number(at.dataset.id));
      say(decision.state ? `Just ${decision.words}.` : `${decision.reviewer} took the verdict back.`);
    }
  }
  const fresh = new Set(told.decisions.map((decision) => decision.pair));
  for (const item of items()) if (fresh.has(item.dataset.pair)) fragments.delete(Number(item.dataset.id));
  await loadQueue(current(), { list: false });
}

// --- the article -----------------------------------------------------------------------------------------------------

function to(name) {
  const target = document.getElementById(name);
  if (!target) return;
  target.scrollIntoView({ block: "center" });
  for (const piece of $$(`mark.${name}`)) {
    piece.classList.remove("here");
    requestAnimationFrame(() => piece.classList.add("here"));
  }
}

function openArticle() {
  const names = ["a", "b", ""];
  const name = names[jump++ % names.length];
  if (name) to(name);
  else main.scrollTop = 0;
  if (name) say(`Statement ${name.toUpperCase()} in the article.`);
}

// --- keys, buttons, filters ------------------------------------------------------------------------------------------

function clearFilter() {
  for (const field of form.elements) {
    if (field.type === "radio") field.checked = field.value === "unreviewed";
    else if (field.tagName === "SELECT") field.selectedIndex = 0;
    else if (field.tagName === "INPUT") field.value = "";
  }
  filtered();
}

async function filtered() {
  await loadQueue(0);
  const first = Number(items()[0]?.dataset.id || 0);
  if (itemOf(current())) {
    history.replaceState(null, "", address(current()));
    mark();
  } else if (first) {
    await show(first);
  } else {
    saveNote();
    await putNothing();
  }
}

const ACTIONS = {
  help: () => $("#help").showModal(),
  undo,
  note: openNote,
  next: () => go(1),
  previous: () => go(-1),
  article: openArticle,
  search: () => { document.body.classList.add("queue-open"); $("#words").focus(); $("#words").select(); },
  clear: clearFilter,
};
const KEYS = { u: "undo", n: "note", j: "next", k: "previous", o: "article", "/": "search", "?": "help" };
const VERDICTS = { c: "confirmed", f: "false_alarm", d: "dismissed" };

function keyOf(event) {
  // On a Cyrillic or Arabic keyboard the key in the place of c counts as c.
  const plain = /^[ -~]$/.test(event.key);
  if (plain || event.key.length > 1) return event.key.toLowerCase();
  return event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.key;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const at = event.target;
  if (at.id === "note" || at.id === "words") {
    if (event.key !== "Escape") return;
    at.blur();
    main.focus({ preventScroll: true });
    event.preventDefault();
    return;
  }
  if (at.closest("input, select, textarea, dialog") || !$("#keys").checked || event.repeat && "cfdu".includes(event.key)) return;
  const key = keyOf(event);
  if (VERDICTS[key]) decide(VERDICTS[key]);
  else if (KEYS[key]) ACTIONS[KEYS[key]]();
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const link = event.target.closest("a");
  const button = event.target.closest("button");
  if (button?.dataset.verdict) decide(button.dataset.verdict);
  else if (button?.dataset.do) ACTIONS[button.dataset.do]();
  else if (button?.dataset.show) show(Number(button.dataset.show), { focus: true });
  else if (button?.dataset.only) only(button.dataset.only);
  else if (button?.id === "toggle") {
    const open = document.body.classList.toggle("queue-open");
    button.setAttribute("aria-expanded", String(open));
  } else if (link?.closest(".item")) {
    event.preventDefault();
    show(Number(link.closest(".item").dataset.id), { focus: true });
  } else if (link?.dataset.mark) {
    event.preventDefault();
    show(Number(link.dataset.id), { focus: true });
  } else if (link && main.contains(link) && /^#[ab]$/.test(link.getAttribute("href"))) {
    event.preventDefault();
    to(link.getAttribute("href").slice(1));
  }
});

function only(document) {
  const field = $("#document");
  if (![...field.options].some((option) => option.value === document)) field.append(new Option("this article", document));
  field.value = document;
  $(".more").open = true;
  filtered();
}

let searchTimer;
form.addEventListener("input", (event) => {
  clearTimeout(searchTimer);
  searchTimer = setTimeout(filtered, event.target.id === "words" || event.target.type === "number" ? SEARCH_PAUSE : 0);
});
form.addEventListener("submit", (event) => { event.preventDefault(); filtered(); });
main.addEventListener("focusout", (event) => { if (event.target.id === "note") saveNote(); });
window.addEventListener("pagehide", saveNote);
$("#keys").checked = localStorage.getItem("keys") !== "off";
$("#keys").addEventListener("change", () => localStorage.setItem("keys", $("#keys").checked ? "on" : "off"));
document.addEventListener("visibilitychange", look);
window.addEventListener("focus", look);
setInterval(look, POLL);
mark();
if (current()) {
  const next = neighbour(1);
  if (next) fragment(next).catch(() => {});
}
