import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { LongWork } from "../../pacing/long-work.ts";

/** So many messages of a list are written at once: some milliseconds, where each has a hundred kilobytes. */
const sliceLength = 4;

/** Writes a message; where that takes long, others have their turn in between. */
export type WriteInSlices = (
  message: Message,
) => Uint8Array | Promise<Uint8Array>;

/** Makes one message of what its parts were written as: the message without the list, and messages that have a piece of the list each. */
export type JoinSlices = (
  rest: Uint8Array,
  slices: readonly Uint8Array[],
) => Uint8Array;

/**
 * Has messages that are a long list written piece by piece: 1,000 events of 8 kB, written at once, stop all other calls for 30 ms. Messages without a
 * list of messages, or with more than one, are written as they are.
 */
export function writeInSlices(
  desc: DescMessage,
  write: (message: Message) => Uint8Array,
  join: JoinSlices,
): WriteInSlices {
  const lists = desc.fields.filter(
    (field) => field.fieldKind === "list" && field.listKind === "message",
  );
  const [list] = lists;
  if (list === undefined || lists.length > 1) {
    return write;
  }
  const elementsOf = (message: Message) =>
    (message as unknown as Readonly<Record<string, readonly Message[]>>)[
      list.localName
    ] ?? [];
  const withoutList = (message: Message): Message => {
    const rest = reflect(desc);
    const source = reflect(desc, message);
    for (const field of desc.fields) {
      if (field !== list && source.isSet(field)) {
        rest.set(field, source.get(field));
      }
    }
    return rest.message;
  };
  const writeSlices = async (
    message: Message,
    elements: readonly Message[],
  ): Promise<Uint8Array> => {
    const slices: Uint8Array[] = [];
    const work = new LongWork();
    for (let from = 0; from < elements.length; from += sliceLength) {
      await work.pause();
      const piece = elements.slice(from, from + sliceLength);
      slices.push(write(create(desc, { [list.localName]: piece })));
    }
    return join(write(withoutList(message)), slices);
  };
  return (message) => {
    const elements = elementsOf(message);
    return elements.length <= sliceLength
      ? write(message)
      : writeSlices(message, elements);
  };
}

/** Of messages in binary, one behind the other is one: lists are joined. */
export function joinBinary(
  rest: Uint8Array,
  slices: readonly Uint8Array[],
): Uint8Array {
  return Buffer.concat([rest, ...slices]);
}

const [openList, endObject] = [0x5b, 0x7d];
const comma = Buffer.from(",");
const end = Buffer.from("]}");

/** Of objects in JSON, without blanks between, whose only field is the list. */
export function joinJson(
  rest: Uint8Array,
  slices: readonly Uint8Array[],
): Uint8Array {
  const isEmpty = rest[1] === endObject;
  const pieces: Uint8Array[] = [rest.subarray(0, -1)];
  for (const [index, slice] of slices.entries()) {
    // `{"name":[` is before the first element: a name has no bracket.
    const elements = slice.indexOf(openList) + 1;
    if (index > 0) {
      pieces.push(comma, slice.subarray(elements, -end.length));
    } else {
      if (!isEmpty) {
        pieces.push(comma);
      }
      pieces.push(slice.subarray(1, -end.length));
    }
  }
  return Buffer.concat([...pieces, end]);
}
