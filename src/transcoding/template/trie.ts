import type { Template } from "./template.ts";
import { normaliseLiteral } from "./percent.ts";

/** A place in a trie of templates. */
interface Node<Value> {
  /** Counts from 0 within the matcher. */
  readonly id: number;
  readonly literals: Map<string, Node<Value>>;
  single: Node<Value> | undefined;
  multi: Node<Value> | undefined;
  /** Stands for `**`: it takes any number of segments before its own children are tried. */
  readonly isMulti: boolean;
  /** By HTTP method; `*` is any other method. Empty where no template ends. */
  readonly methods: Map<string, Value>;
}

/** One search: what is looked for, and the places from which it cannot be found. */
interface Search {
  readonly keys: readonly string[];
  readonly method: string;
  failed: Set<number> | undefined;
}

/** What a path came to. */
export interface TrieMatch<Value> {
  readonly value: Value;
  /** The path was split at the colon of its last segment. */
  readonly verb: boolean;
}

/** HTTP method of a rule that takes every method which the path has no rule of its own for. */
export const anyMethod = "*";

/**
 * Finds the template of a path: literal before `*` before `**`, the shorter `**` first, with full backtracking. The HTTP method
 * is tested where a template ends, so a path is found if any template has it.
 *
 * A (node, position) pair that failed is remembered, which bounds the search by nodes × segments.
 */
export class TemplateTrie<Value> {
  readonly #withoutVerb: Node<Value>;
  readonly #verbs = new Map<string, Node<Value>>();
  #nodes = 0;
  #visits = 0;

  constructor() {
    this.#withoutVerb = this.#createNode(false);
  }

  /** How many (node, position) pairs all searches so far have looked at. */
  get visits(): number {
    return this.#visits;
  }

  /** How many places the trie has. */
  get size(): number {
    return this.#nodes;
  }

  /** Adds a template. Gives the value that already has the same shape and method, if there is one, and then adds nothing. */
  add(template: Template, method: string, value: Value): Value | undefined {
    let node = this.#root(template.verb);
    for (const segment of template.segments) {
      node = this.#child(node, segment);
    }
    const present = node.methods.get(method);
    if (present === undefined) {
      node.methods.set(method, value);
    }
    return present;
  }

  /** Finds the value for a method and the raw segments of a path. HEAD is served by GET where it has no rule of its own. */
  find(
    method: string,
    segments: readonly string[],
  ): TrieMatch<Value> | undefined {
    const keys = segments.map(normaliseLiteral);
    const split = splitVerb(segments);
    if (split !== undefined) {
      const root = this.#verbs.get(normaliseLiteral(split.verb));
      if (root !== undefined) {
        const value = this.#search(
          root,
          [...keys.slice(0, -1), normaliseLiteral(split.rest)],
          method,
        );
        if (value !== undefined) {
          return { value, verb: true };
        }
      }
    }
    const value = this.#search(this.#withoutVerb, keys, method);
    return value === undefined ? undefined : { value, verb: false };
  }

  /** The methods of all templates that match the path. */
  methods(segments: readonly string[]): Set<string> {
    const keys = segments.map(normaliseLiteral);
    const methods = new Set<string>();
    const split = splitVerb(segments);
    if (split !== undefined) {
      const root = this.#verbs.get(normaliseLiteral(split.verb));
      if (root !== undefined) {
        this.#collect(
          root,
          [...keys.slice(0, -1), normaliseLiteral(split.rest)],
          methods,
        );
      }
    }
    this.#collect(this.#withoutVerb, keys, methods);
    return methods;
  }

  #search(
    root: Node<Value>,
    keys: readonly string[],
    method: string,
  ): Value | undefined {
    return this.#visit({ keys, method, failed: undefined }, root, 0);
  }

  #visit(
    search: Search,
    node: Node<Value>,
    position: number,
  ): Value | undefined {
    const pair = node.id * (search.keys.length + 1) + position;
    if (search.failed?.has(pair) === true) {
      return undefined;
    }
    this.#visits++;
    const value = this.#step(search, node, position);
    if (value === undefined) {
      search.failed ??= new Set();
      search.failed.add(pair);
    }
    return value;
  }

  #step(
    search: Search,
    node: Node<Value>,
    position: number,
  ): Value | undefined {
    const key = search.keys[position];
    if (key === undefined) {
      const value = valueFor(node, search.method);
      return value === undefined && node.multi !== undefined
        ? this.#visit(search, node.multi, position)
        : value;
    }
    const literal = node.literals.get(key);
    let value =
      literal === undefined
        ? undefined
        : this.#visit(search, literal, position + 1);
    if (value === undefined && node.single !== undefined && key !== "") {
      value = this.#visit(search, node.single, position + 1);
    }
    if (value === undefined && node.multi !== undefined) {
      value = this.#visit(search, node.multi, position);
    }
    if (value === undefined && node.isMulti) {
      value = this.#visit(search, node, position + 1);
    }
    return value;
  }

  #collect(
    root: Node<Value>,
    keys: readonly string[],
    methods: Set<string>,
  ): void {
    const seen = new Set<number>();
    const width = keys.length + 1;
    const visit = (node: Node<Value>, position: number): void => {
      const pair = node.id * width + position;
      if (seen.has(pair)) {
        return;
      }
      seen.add(pair);
      this.#visits++;
      const key = keys[position];
      if (key === undefined) {
        for (const method of node.methods.keys()) {
          methods.add(method);
        }
      } else {
        const literal = node.literals.get(key);
        if (literal !== undefined) {
          visit(literal, position + 1);
        }
        if (node.single !== undefined && key !== "") {
          visit(node.single, position + 1);
        }
        if (node.isMulti) {
          visit(node, position + 1);
        }
      }
      if (node.multi !== undefined) {
        visit(node.multi, position);
      }
    };
    visit(root, 0);
  }

  #root(verb: string | undefined): Node<Value> {
    if (verb === undefined) {
      return this.#withoutVerb;
    }
    let root = this.#verbs.get(verb);
    if (root === undefined) {
      root = this.#createNode(false);
      this.#verbs.set(verb, root);
    }
    return root;
  }

  #child(
    node: Node<Value>,
    segment: Template["segments"][number],
  ): Node<Value> {
    switch (segment.kind) {
      case "literal": {
        let child = node.literals.get(segment.value);
        if (child === undefined) {
          child = this.#createNode(false);
          node.literals.set(segment.value, child);
        }
        return child;
      }
      case "single":
        node.single ??= this.#createNode(false);
        return node.single;
      case "multi":
        node.multi ??= this.#createNode(true);
        return node.multi;
    }
  }

  #createNode(isMulti: boolean): Node<Value> {
    return {
      id: this.#nodes++,
      literals: new Map(),
      single: undefined,
      multi: undefined,
      isMulti,
      methods: new Map(),
    };
  }
}

function valueFor<Value>(node: Node<Value>, method: string): Value | undefined {
  const own = node.methods.get(method) ?? node.methods.get(anyMethod);
  return own === undefined && method === "HEAD" ? node.methods.get("GET") : own;
}

/** Splits the last segment at its last raw colon. `%3A` is not one. */
function splitVerb(
  segments: readonly string[],
): { readonly rest: string; readonly verb: string } | undefined {
  const last = segments.at(-1);
  if (last === undefined) {
    return undefined;
  }
  const colon = last.lastIndexOf(":");
  return colon < 0
    ? undefined
    : { rest: last.slice(0, colon), verb: last.slice(colon + 1) };
}
