const GAP_MS = 400;
const SECONDS = 0.18;

/** A short, soft tone for certificates that match a filter. It is off until a person turns it on. */
export class HitSound {
  private context: AudioContext | undefined;
  private lastMs = 0;

  get isOn(): boolean {
    return this.context !== undefined;
  }

  /** Must be called in the handler of a click or a key, since browsers allow no sound before. */
  turnOn(): void {
    this.context ??= new AudioContext();
    this.play();
  }

  turnOff(): void {
    void this.context?.close();
    this.context = undefined;
  }

  /** Plays the tone, unless it was played a moment ago. */
  play(): void {
    const { context } = this;
    if (context === undefined || Date.now() - this.lastMs < GAP_MS) return;
    this.lastMs = Date.now();
    const at = context.currentTime;
    const volume = context.createGain();
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.12, at + 0.01);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + SECONDS);
    volume.connect(context.destination);
    for (const frequency of [660, 990]) {
      const tone = context.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(volume);
      tone.start(at);
      tone.stop(at + SECONDS);
    }
  }
}
