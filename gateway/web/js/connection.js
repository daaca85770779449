// One conversation on the wire.

const PING_EVERY_MS = 15000;
const BACKLOG_S = 1;
const CHECK_MS = 4000;

/**
 * The key of the page's own address, `…/#key=KEY`: what stands after the # is sent to nobody and logged nowhere.
 * All of it, with every sign as it stands, but what is %-encoded.
 */
function keyOfAddress() {
  const [, key = ""] = location.hash.match(/^#key=(.*)$/s) ?? [];
  try {
    return decodeURIComponent(key);
  } catch {
    return key; // a % that is only itself
  }
}

/** A key as a sub-protocol: those are tokens of HTTP and have no / or = in them, which keys may have. */
function protocolOf(key) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(key));
  return `bearer64.${btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/**
 * Why a socket was refused: a browser does not say.
 * @returns {Promise<{code: string, error: string, hasKey: boolean}>} code: the server's reason, "" for none that it
 *   knows of, "unreachable" where nobody answers
 */
export async function whyRefused() {
  const key = keyOfAddress();
  try {
    const answer = await fetch("/v1/conversation/check", {
      method: "POST", cache: "no-store", signal: AbortSignal.timeout(CHECK_MS),
      headers: key ? { Authorization: `Bearer ${key}` } : {},
    });
    const said = answer.ok ? {} : await answer.json();
    return { code: said.code ?? "", error: said.error ?? "", hasKey: key !== "" };
  } catch {
    return { code: "unreachable", error: "", hasKey: key !== "" };
  }
}

export class Connection {
  /**
   * @param {{input_rate: number, output_rate: number, level: string}} wishes
   * @param {object} handlers
   * @param {(message: {type: string, [field: string]: any}) => void} handlers.onMessage
   * @param {(pcm: ArrayBuffer) => void} handlers.onAudio
   * @param {(closing: {code: number, reason: string, wasOpen: boolean}) => void} handlers.onClose  not after close()
   */
  constructor(wishes, { onMessage, onAudio, onClose }) {
    const url = new URL(`/v1/conversation?${new URLSearchParams(wishes)}`, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.backlogBytes = 2 * wishes.input_rate * BACKLOG_S;
    this.wasOpen = false;
    const key = keyOfAddress();
    this.socket = new WebSocket(url, key ? [protocolOf(key)] : []);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => {
      this.silent = false;
      if (typeof data === "string") onMessage(JSON.parse(data));
      else onAudio(data);
    };
    this.socket.onopen = () => {
      this.wasOpen = true;
      this.pinging = setInterval(() => this.ping(), PING_EVERY_MS);
    };
    this.onClose = onClose;
    this.socket.onclose = ({ code, reason }) => this.finish(code, reason);
  }

  get open() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  send(message) {
    if (this.open) this.socket.send(JSON.stringify(message));
  }

  /** Sound that a slow network cannot take is dropped: late speech is no use. */
  sendAudio(pcm) {
    if (this.open && this.socket.bufferedAmount < this.backlogBytes) this.socket.send(pcm);
  }

  ping() {
    if (this.silent) {
      this.socket.close();
      this.finish(1006);
      return;
    }
    this.silent = true;
    this.send({ type: "ping" });
  }

  close() {
    this.onClose = null;
    this.socket.onmessage = null;
    this.finish(1000);
    this.socket.close(1000);
  }

  finish(code, reason = "") {
    clearInterval(this.pinging);
    this.onClose?.({ code, reason, wasOpen: this.wasOpen });
    this.onClose = null;
  }
}
