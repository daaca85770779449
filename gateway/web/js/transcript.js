// What was said, by both.

import { make } from "./dom.js";
import { latencyFigure } from "./latency.js";

const NEAR_END_PX = 40;

export class Transcript {
  /**
   * @param {HTMLElement} log         the list of bubbles
   * @param {HTMLElement} scroller    what scrolls it
   * @param {HTMLElement} announcer   a polite live region: finished sentences only
   */
  constructor(log, scroller, announcer) {
    this.log = log;
    this.scroller = scroller;
    this.announcer = announcer;
    this.atEnd = true;
    scroller.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = scroller;
      this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    });
    new ResizeObserver(() => this.follow()).observe(scroller);
    this.forget();
  }

  /** Turn numbers start anew: a new conversation, or the same one on a new connection. */
  forget() {
    if (this.divider?.hidden) this.divider.remove(); // of an attempt that came to nothing
    this.divider = this.log.childElementCount ? make("li", { class: "divider" }) : null;
    if (this.divider) {
      this.divider.hidden = true;
      this.append(this.divider);
    }
    /** @type {Map<number, HTMLElement>} */
    this.heard = new Map();
    /** @type {Map<number, {item: HTMLElement, text: HTMLElement}>} */
    this.replies = new Map();
    /** @type {Map<number, object>} */
    this.metrics = new Map();
    this.typed = [];
  }

  /** The connection stands: how it belongs to the talk before is said above what was typed meanwhile. */
  begin({ goesOn = false } = {}) {
    if (!this.divider) return;
    this.divider.textContent = goesOn ? "Reconnected" : "New conversation";
    this.divider.hidden = false;
    this.follow(true);
  }

  user(turn, text, isFinal) {
    if (isFinal && this.adoptTyped(turn, text)) return;
    const item = this.heard.get(turn) ?? this.newUser(turn);
    if (isFinal && !text) {
      this.heard.delete(turn);
      item.replaceWith(make("li", { class: "aside" }, "That was not understood. Try again?"));
      return;
    }
    const bubble = item.firstElementChild;
    bubble.textContent = text;
    item.classList.toggle("partial", !isFinal);
    if (isFinal) this.settle(bubble, text);
    this.follow();
  }

  newUser(turn) {
    const item = make("li", { class: "user partial" }, make("p"));
    if (turn !== null) this.heard.set(turn, item);
    this.append(item);
    return item;
  }

  settle(bubble, text) {
    bubble.dataset.testid = "user-text";
    this.announce(`You: ${text}`);
  }

  /** Shown at once; the server's transcript of it, if one comes, is the same bubble. */
  userTyped(text) {
    const item = this.newUser(null);
    item.classList.remove("partial");
    item.firstElementChild.textContent = text;
    this.settle(item.firstElementChild, text);
    this.typed.push({ item, text });
    this.follow(true);
  }

  adoptTyped(turn, text) {
    // What was being said when it was typed comes before it: one question.
    const index = this.typed.findIndex((typed) => text.trim().endsWith(typed.text));
    if (index < 0) return false;
    const [{ item }] = this.typed.splice(index, 1);
    item.firstElementChild.textContent = text.trim();
    this.heard.get(turn)?.remove();
    this.heard.set(turn, item);
    return true;
  }

  reply(turn) {
    let reply = this.replies.get(turn);
    if (!reply) {
      const text = make("p", { "data-testid": "reply-text" });
      const item = make("li", { class: "reply unfinished" }, text);
      reply = { item, text };
      this.replies.set(turn, reply);
      this.append(item);
      if (this.metrics.has(turn)) this.showMetrics(turn, this.metrics.get(turn));
    }
    return reply;
  }

  addReply(turn, token) {
    this.reply(turn).text.append(token);
    this.follow();
  }

  finishReply(turn, fullText) {
    const { item, text } = this.reply(turn);
    if (fullText && !item.dataset.interrupted) text.textContent = fullText;
    item.classList.remove("unfinished");
    this.announce(`Parley: ${text.textContent}`);
    this.follow();
  }

  /** @param {string} heardText  the beginning of the reply that was heard */
  interrupt(turn, heardText) {
    const reply = this.replies.get(turn);
    if (!reply) return;
    const { item, text } = reply;
    const full = text.textContent;
    const end = heardLength(full, heardText);
    item.classList.remove("unfinished");
    item.dataset.interrupted = "true";
    text.replaceChildren(full.slice(0, end));
    if (end < full.length) text.append(make("s", { class: "unheard", "aria-label": "not heard" }, full.slice(end)));
    text.after(make("p", { class: "aside" }, end ? "Interrupted here." : "Interrupted before it was heard."));
    this.follow();
  }

  /** The user goes on: nothing of the reply was heard, and another takes its place. */
  withdraw(turn) {
    this.replies.get(turn)?.item.remove();
    this.replies.delete(turn);
  }

  /** What was said over a reply, to say that one listens, stands beside it. */
  listens(turn, text) {
    this.replies.get(turn)?.item.append(make("p", { class: "aside", "data-testid": "backchannel" }, `You: “${text}”`));
    this.follow();
  }

  closeReply(turn) {
    this.replies.get(turn)?.item.classList.remove("unfinished");
  }

  /** Nothing more comes: no bubble stays half open. */
  close() {
    for (const { item } of this.replies.values()) item.classList.remove("unfinished");
    for (const item of this.heard.values()) item.classList.remove("partial");
  }

  showMetrics(turn, metrics) {
    this.metrics.set(turn, metrics);
    const reply = this.replies.get(turn);
    const figure = reply && latencyFigure(metrics, { "data-testid": "latency" });
    if (!figure) return;
    reply.item.querySelector(".latency")?.remove();
    reply.item.append(figure);
    this.follow();
  }

  /** @param {HTMLElement} item  a list item */
  append(item) {
    this.log.append(item);
    this.follow();
  }

  /** Keeps the end in sight, unless the person has scrolled up to read. */
  follow(always = false) {
    if (always || this.atEnd) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  announce(text) {
    this.announcer.append(make("p", {}, text));
    while (this.announcer.childElementCount > 4) this.announcer.firstElementChild.remove();
  }
}

/** How much of `full` was heard; spaces and case may differ between the two. */
export function heardLength(full, heard) {
  const wanted = (heard ?? "").replace(/\s+/g, "").length;
  let end = 0;
  for (let seen = 0; seen < wanted && end < full.length; end += 1) {
    if (!/\s/.test(full[end])) seen += 1;
  }
  while (end < full.length && /\s/.test(full[end])) end += 1;
  return end;
}
