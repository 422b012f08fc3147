import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLineSink } from "../../src/telemetry/line-sink.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Something that takes so many bytes, and then no more until there is `room` again. */
function target() {
  const state = { room: Infinity, text: "", tries: 0 };
  const write = (bytes: Uint8Array) => {
    state.tries += 1;
    if (state.room === 0) {
      throw new Error("EAGAIN");
    }
    const taken = bytes.subarray(0, Math.min(state.room, bytes.length));
    state.room -= taken.length;
    state.text += Buffer.from(taken).toString("latin1");
    return taken.length;
  };
  const sink = createLineSink(write, 20, (lost) =>
    Buffer.from(`${lost} lost\n`),
  );
  return {
    write: (lines: string) => {
      sink.write(Buffer.from(lines));
    },
    flush: sink.flush,
    state,
  };
}

test("lines are written at once", () => {
  const { write, state } = target();
  write("one\ntwo\n");
  expect(state).toMatchObject({ text: "one\ntwo\n", tries: 1 });
  vi.runAllTimers();
  expect(state.tries).toBe(1);
});

test("what is not taken waits, and goes on in the middle of a line", () => {
  const { write, state } = target();
  state.room = 2;
  write("one\ntwo\n");
  write("three\n");
  expect(state.text).toBe("on");
  state.room = Infinity;
  vi.runAllTimers();
  expect(state.text).toBe("one\ntwo\nthree\n");
});

test("more than may wait is left out, and counted in its place", () => {
  const { write, state } = target();
  state.room = 0;
  write("0123456789\n");
  write("0123456789\nlost too\n");
  write("short\n");
  state.room = Infinity;
  write("after\n");
  expect(state.text).toBe("0123456789\nshort\n2 lost\nafter\n");
});

test("however many lines come at once, they are written where they are taken", () => {
  const { write, state } = target();
  const lines = "0123456789\n".repeat(5);
  write(lines);
  expect(state.text).toBe(lines);
});

test("the end of the process tries once more", () => {
  const { write, flush, state } = target();
  state.room = 0;
  write("last\n");
  flush();
  expect(state.text).toBe("");
  state.room = Infinity;
  flush();
  expect(state.text).toBe("last\n");
});
