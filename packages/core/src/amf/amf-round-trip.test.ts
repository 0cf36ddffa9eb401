import fc from "fast-check";
import { expect, test } from "vitest";
import { MillraceError } from "../fault/index.ts";
import { equalAmf } from "./amf-equality.ts";
import {
	AmfEcmaArray,
	type AmfObject,
	AmfTypedObject,
	type AmfValue,
	AmfVector,
	AmfXml,
	decodeAmf0,
	decodeAmf3,
	encodeAmf0,
	encodeAmf3,
	encodeValues,
	inspectAmf,
} from "./index.ts";

/** A container to be built, whose members are leaves or other containers by number: so graphs share and cycle. */
type Recipe = {
	readonly kind: "object" | "array" | "ecma" | "typed" | "vector" | "map";
	readonly name: string;
	readonly sealed: number;
	readonly members: readonly {
		readonly key: string;
		readonly value: AmfValue;
		readonly container: number | undefined;
	}[];
};

const key = fc.oneof(
	fc.constantFrom("a", "b", "0", "7", "__proto__", "constructor", "toString", "é", "\ud800"),
	fc.string({ minLength: 1, maxLength: 8, unit: "binary" }),
);
const primitive: fc.Arbitrary<AmfValue> = fc.oneof(
	fc.constantFrom<AmfValue>(undefined, null, true, false, -0, 2 ** 28 - 1, 2 ** 28, -(2 ** 28), -(2 ** 28) - 1, ""),
	fc.integer(),
	fc.double(),
	fc.string({ maxLength: 80, unit: "binary" }),
	fc.constantFrom("again", "😀\udc00"),
);
const date = fc.date({ noInvalidDate: false });
const leaf0: fc.Arbitrary<AmfValue> = fc.oneof(
	{ weight: 4, arbitrary: primitive },
	{ weight: 1, arbitrary: date },
	{ weight: 1, arbitrary: fc.string({ maxLength: 9 }).map(text => new AmfXml(text, true)) },
);
const leaf3: fc.Arbitrary<AmfValue> = fc.oneof(
	{ weight: 5, arbitrary: primitive },
	{ weight: 1, arbitrary: date },
	{
		weight: 1,
		arbitrary: fc.tuple(fc.string({ maxLength: 9 }), fc.boolean()).map(([text, old]) => new AmfXml(text, old)),
	},
	{ weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
	{ weight: 1, arbitrary: fc.int32Array({ maxLength: 5 }) },
	{ weight: 1, arbitrary: fc.uint32Array({ maxLength: 5 }) },
	{ weight: 1, arbitrary: fc.float64Array({ maxLength: 5 }) },
);

function graphOf(leaf: fc.Arbitrary<AmfValue>, kinds: readonly Recipe["kind"][]): fc.Arbitrary<AmfValue> {
	const member = fc.record({ key, value: leaf, container: fc.option(fc.nat(11), { nil: undefined, freq: 2 }) });
	const recipe = fc.record({
		kind: fc.constantFrom(...kinds),
		name: fc.string({ minLength: 1, maxLength: 5 }),
		sealed: fc.nat(3),
		members: fc.array(member, { maxLength: 6 }),
	});
	return fc.array(recipe, { minLength: 1, maxLength: 12 }).map(build);
}

function build(recipes: readonly Recipe[]): AmfValue {
	const sealed = recipes.map(each => each.kind === "typed" && each.sealed > 0);
	const containers: AmfValue[] = recipes.map((each, index) => {
		const members: AmfObject = Object.create(null);
		if (each.kind === "array") return [];
		// Without a named member AMF3 has no way to tell it from a plain array.
		if (each.kind === "ecma") return new AmfEcmaArray([["named", null]]);
		if (each.kind === "vector") return new AmfVector(each.name, [], each.sealed > 1);
		if (each.kind === "map") return new Map();
		if (each.kind === "object") return members;
		const names = new Set(each.members.map(one => one.key));
		return new AmfTypedObject(each.name, members, sealed[index] ? Math.min(each.sealed, names.size) : undefined);
	});
	for (const [index, each] of recipes.entries()) {
		for (const { key, value, container } of each.members) {
			put(containers[index], key, container === undefined ? value : containers[container % containers.length]);
		}
	}
	return containers[0];
}

function put(container: AmfValue, key: string, value: AmfValue): void {
	if (Array.isArray(container)) container.push(value);
	else if (container instanceof AmfEcmaArray) container.entries.set(key, value);
	else if (container instanceof AmfVector) container.items.push(value);
	// Keys of maps may be anything, containers among them.
	else if (container instanceof Map) container.set(typeof value === "object" ? value : key, value);
	else if (container instanceof AmfTypedObject) container.members[key] = value;
	else (container as AmfObject)[key] = value;
}

/** AMF0 has one kind of class: nothing says which members are sealed. */
const graph0 = graphOf(leaf0, ["object", "array", "ecma", "typed"]);
const graph3 = graphOf(leaf3, ["object", "array", "ecma", "typed", "vector", "map"]);
const withoutSealed = (value: AmfValue) => decodeAmf0(encodeAmf0(value))[0];

test("any AMF0 graph, with shared objects and cycles, survives encoding and decoding", () => {
	fc.assert(
		fc.property(graph0.map(withoutSealed), graph0.map(withoutSealed), (first, second) => {
			const values = decodeAmf0(encodeAmf0(first, second));
			expect(values.length).toBe(2);
			expect(equalAmf(values[0], first), inspectAmf(first)).toBe(true);
			expect(equalAmf(values[1], second), inspectAmf(second)).toBe(true);
		}),
		{ numRuns: 300 },
	);
});

test("any AMF3 graph, with shared objects and cycles, survives encoding and decoding", () => {
	fc.assert(
		fc.property(graph3, graph3, (first, second) => {
			const values = decodeAmf3(encodeAmf3(first, second));
			expect(values.length).toBe(2);
			expect(equalAmf(values[0], first), inspectAmf(first)).toBe(true);
			expect(equalAmf(values[1], second), inspectAmf(second)).toBe(true);
			const switched = decodeAmf0(encodeValues([first, second], 3));
			expect(equalAmf(switched[1], second), inspectAmf(second)).toBe(true);
		}),
		{ numRuns: 300 },
	);
});

test("any value is shown on one bounded line", () => {
	fc.assert(
		fc.property(graph3, fc.integer({ min: 1, max: 300 }), (value, maxLength) => {
			const text = inspectAmf(value, { maxLength });
			expect(text.length).toBeLessThanOrEqual(maxLength);
			expect(text).not.toMatch(/\p{Control}/u);
		}),
	);
});

/** Bytes that are often markers, small counts and references, so that they reach past the first value. */
const bytes = fc.array(fc.oneof({ weight: 3, arbitrary: fc.nat(0x12) }, { weight: 1, arbitrary: fc.nat(255) }), {
	maxLength: 200,
});

test.each([
	["AMF0", decodeAmf0],
	["AMF3", decodeAmf3],
])("%s: any bytes are decoded or refused with a fault of ours", (_name, decode) => {
	fc.assert(
		fc.property(bytes, input => {
			try {
				for (const value of decode(Uint8Array.from(input))) inspectAmf(value);
			} catch (error) {
				expect(error).toBeInstanceOf(MillraceError);
			}
		}),
		{ numRuns: 3000 },
	);
});
