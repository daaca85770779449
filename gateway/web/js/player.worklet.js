import { JitterBuffer } from "./jitter.js";

class PlayerProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.buffer = new JitterBuffer(sampleRate, (report) => this.port.postMessage(report));
    this.port.onmessage = ({ data }) => this.buffer.handle(data);
  }

  process(_inputs, outputs) {
    this.buffer.fill(outputs[0][0]);
    return true;
  }
}

registerProcessor("parley-player", PlayerProcessor);
