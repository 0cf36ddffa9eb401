import { describe, expect, test } from "vitest";
import { AmfEcmaArray, AmfTypedObject, type AmfValue } from "../amf/index.ts";
import { readConnectRequest } from "./connect-request.ts";

const read = (object: AmfValue, args: AmfValue[] = []) =>
	readConnectRequest({ name: "connect", transactionId: 1, object, args }, 255);

describe("a connect request", () => {
	test("has what ffmpeg's publisher says", () => {
		const properties = {
			app: "live",
			type: "nonprivate",
			flashVer: "FMLE/3.0 (compatible; Lavf59.27.100)",
			tcUrl: "rtmp://127.0.0.1/live",
		};
		expect(read(properties)).toEqual({
			transactionId: 1,
			application: "live",
			instance: "_definst_",
			query: "",
			app: "live",
			tcUrl: "rtmp://127.0.0.1/live",
			flashVer: "FMLE/3.0 (compatible; Lavf59.27.100)",
			swfUrl: "",
			pageUrl: "",
			objectEncoding: 0,
			properties,
			args: [],
		});
	});

	test("keeps the query, unknown properties and further arguments", () => {
		const request = read({ app: "live/room?user=U", _serverAgent: 5 }, ["secret", 7, null]);
		expect(request).toMatchObject({ application: "live", instance: "room", query: "user=U", app: "live/room?user=U" });
		expect(request?.properties["_serverAgent"]).toBe(5);
		expect(request?.args).toEqual(["secret", 7, null]);
	});

	test("is read with names in any case, the exact one first", () => {
		expect(read({ App: "live", flashver: "LNX", TCURL: "rtmp://h/live" })).toMatchObject({
			application: "live",
			flashVer: "LNX",
			tcUrl: "rtmp://h/live",
		});
		expect(read({ APP: "wrong", app: "live" })?.application).toBe("live");
		expect(read({ app: 5, APP: "live" })?.application).toBe("live");
	});

	test.each([
		[3, 3],
		[0, 0],
		[undefined, 0],
		[1, 0],
		["3", 0],
		[Number.NaN, 0],
	])("that asks for object encoding %j gets %i", (asked, given) => {
		expect(read({ app: "live", objectEncoding: asked })?.objectEncoding).toBe(given);
	});

	test.each<[string, AmfValue]>([
		["an array with named members", new AmfEcmaArray([["app", "live"]])],
		["a typed object", new AmfTypedObject("Any", { app: "live" })],
		["a plain object", { app: "live" }],
	])("may be %s", (_name, object) => {
		expect(read(object)?.application).toBe("live");
	});

	test.each<[AmfValue]>([[null], [undefined], ["live"], [5], [true], [["live"]], [new Date(0)], [new Uint8Array(4)]])(
		"is none where the object is %j",
		object => {
			expect(read(object)).toBe(undefined);
		},
	);

	test.each<[AmfValue]>([[undefined], [5], [""], [null], ["/"]])("names no application where app is %j", app => {
		expect(read({ app })).toMatchObject({ application: "", tcUrl: "" });
	});

	test("with a forbidden or too long name is refused", () => {
		expect(() => read({ app: "live/.." })).toThrow(expect.objectContaining({ code: "NAME_FORBIDDEN" }));
		expect(() => read({ app: "x".repeat(256) })).toThrow(expect.objectContaining({ code: "NAME_TOO_LONG" }));
	});
});
