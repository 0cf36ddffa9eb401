import { expect, test } from "vitest";
import { UsageError } from "../fault/index.ts";
import { bytesOf } from "./amf-case.ts";
import {
	Amf0Reader,
	Amf3Writer,
	AmfClassRegistry,
	AmfTypedObject,
	type AmfValue,
	decodeAmf0,
	decodeAmf3,
	encodeValues,
} from "./index.ts";

class Point {
	x = 0;
	y = 0;
	get length(): number {
		return Math.hypot(this.x, this.y);
	}
	scale(factor: number): void {
		this.x *= factor;
		this.y *= factor;
	}
}

/** Instances of registered classes stand where the types name an `AmfTypedObject`. */
const asValue = (instance: object) => instance as unknown as AmfValue;

function registryOfPoint(): AmfClassRegistry {
	const classes = new AmfClassRegistry();
	classes.registerClass("geom.Point", Point);
	return classes;
}

test.each([0, 3] as const)("encoding %d: an instance of a registered class travels under its alias", encoding => {
	const classes = registryOfPoint();
	const point = Object.assign(new Point(), { x: 3, y: 4 });
	const bytes = encodeValues([asValue(point)], encoding, { classes });
	const [plain] = decodeAmf0(bytes);
	expect(plain).toEqual(new AmfTypedObject("geom.Point", Object.assign(Object.create(null), { x: 3, y: 4 })));
	const [instance] = decodeAmf0(bytes, { classes });
	expect(instance).toBeInstanceOf(Point);
	expect(instance).toMatchObject({ x: 3, y: 4, length: 5 });
});

test("an instance of no registered class is a plain object", () => {
	expect(encodeValues([asValue(new Point())], 0)).toEqual(encodeValues([{ x: 0, y: 0 }], 0));
});

test("a peer cannot replace methods, accessors or the prototype of a registered class", () => {
	const classes = registryOfPoint();
	const hostile = new AmfTypedObject(
		"geom.Point",
		JSON.parse('{"scale":1,"length":2,"__proto__":{"z":1},"toString":3,"x":5}'),
	);
	const [instance] = decodeAmf0(encodeValues([hostile], 0), { classes });
	expect(Object.getPrototypeOf(instance)).toBe(Point.prototype);
	expect(Object.keys(instance as object)).toEqual(["x", "y"]);
	expect(instance).toMatchObject({ x: 5, length: 5 });
});

test("an instance that refers to itself is one instance", () => {
	const classes = registryOfPoint();
	const amf0 = decodeAmf0(bytesOf("10 000a 67656f6d2e506f696e74 000178 07 0000 000009"), { classes })[0];
	expect((amf0 as unknown as { x: unknown }).x).toBe(amf0);
	const amf3 = decodeAmf3(bytesOf("0a 13 15 67656f6d2e506f696e74 0378 0a 00"), { classes })[0];
	expect((amf3 as unknown as { x: unknown }).x).toBe(amf3);
});

test("a later registration of the alias or of the class replaces the earlier one both ways", () => {
	class Other {}
	const classes = registryOfPoint();
	classes.registerClass("geom.Point", Other);
	expect(classes.aliasOf(new Point())).toBe(undefined);
	classes.registerClass("other.Name", Other);
	expect(classes.aliasOf(new Other())).toBe("other.Name");
	expect(classes.instantiate("geom.Point", {}, undefined)).toBeInstanceOf(AmfTypedObject);
});

test("a constructor that throws is the application's fault, with the alias in the text", () => {
	class Broken {
		constructor() {
			throw new Error("broken");
		}
	}
	const classes = new AmfClassRegistry();
	classes.registerClass("B", Broken);
	expect(() => decodeAmf0(bytesOf("10 0001 42 000009"), { classes })).toThrow(UsageError);
});

test("a registered externalizable class reads and writes its own bytes", () => {
	const classes = new AmfClassRegistry();
	classes.registerExternalizable({
		className: "Pair",
		read(from, members) {
			members["small"] = from.bytes.u8();
			members["any"] = from.readValue();
		},
		write(to, members) {
			to.bytes.u8(Number(members["small"]));
			to.writeValue(members["any"]);
		},
	});
	const bytes = bytesOf("0a 07 09 50616972 ff 06 05 6869");
	const [value] = decodeAmf3(bytes, { classes });
	expect(value).toMatchObject({ className: "Pair", members: { small: 255, any: "hi" } });
	const writer = new Amf3Writer({ classes });
	writer.write(value);
	expect(writer.finish()).toEqual(bytes);
});

test("a reader tells where it stands between values", () => {
	const reader = new Amf0Reader(bytesOf("05 0101"));
	expect([reader.read(), reader.position, reader.atEnd]).toEqual([null, 1, false]);
	expect([reader.read(), reader.position, reader.atEnd]).toEqual([true, 3, true]);
	expect(() => reader.read()).toThrow(expect.objectContaining({ code: "AMF_TRUNCATED" }));
});
