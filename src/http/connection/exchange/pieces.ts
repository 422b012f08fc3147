/** A piece of this size, in bytes, is kept as it came; what a smaller one takes beside its content would be more than that. */
const leastKeptBytes = 1024;
const mostJointBytes = 64 * 1024;

const noBytes = new Uint8Array(0);

/** Pieces of a body, in their order. Small ones are joined: a client may send a byte in each. */
export class Pieces {
  #pieces: Uint8Array[] = [];
  /** Where small pieces go: the last piece is the part of it that is filled. */
  #joint: Buffer | undefined;

  /** What has been added and not been taken, in one. */
  get joined(): Uint8Array {
    const [first = noBytes] = this.#pieces;
    return this.#pieces.length > 1 ? Buffer.concat(this.#pieces) : first;
  }

  add(piece: Uint8Array): void {
    // Most bodies are one piece: an array that grows would make room for many.
    if (this.#pieces.length === 0) {
      this.#pieces = [piece];
    } else if (piece.byteLength < leastKeptBytes) {
      this.#join(piece);
    } else {
      this.#joint = undefined;
      this.#pieces.push(piece);
    }
  }

  /** Takes the first piece. */
  shift(): Uint8Array | undefined {
    const piece = this.#pieces.shift();
    if (this.#pieces.length === 0) {
      this.#joint = undefined;
    }
    return piece;
  }

  clear(): void {
    if (this.#pieces.length > 0) {
      this.#pieces = [];
      this.#joint = undefined;
    }
  }

  #join(piece: Uint8Array): void {
    const last = this.#pieces.length - 1;
    const joint = this.#joint;
    const filled = this.#pieces[last]?.byteLength ?? 0;
    const end = filled + piece.byteLength;
    if (joint !== undefined && end <= joint.byteLength) {
      joint.set(piece, filled);
      this.#pieces[last] = joint.subarray(0, end);
      return;
    }
    const size = Math.min(mostJointBytes, 2 * (joint?.byteLength ?? 512));
    this.#joint = Buffer.allocUnsafeSlow(Math.max(size, leastKeptBytes));
    this.#joint.set(piece);
    this.#pieces.push(this.#joint.subarray(0, piece.byteLength));
  }
}
