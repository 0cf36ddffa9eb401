import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AmfEcmaArray, encodeAmf0, encodeAmf3 } from "../amf/index.ts";
import { LimitError, PeerError } from "../fault/index.ts";
import { MEDIA_AUDIO, MEDIA_DATA, MEDIA_DATA_AMF3, MediaMessage } from "./media-message.ts";
import { encodeMetadata, metadataOf, parseData, recordedData } from "./metadata.ts";

const members = { duration: 0, width: 320, stereo: true, encoder: "obs-output" };
const array = new AmfEcmaArray(Object.entries(members));
const withSelector = (payload: Uint8Array) => new Uint8Array([0, ...payload]);

describe("a data message", () => {
	test("tells its handler and values", () => {
		const data = parseData(encodeAmf0("onTextData", { text: "a" }, 5), MEDIA_DATA);
		expect(data.handler).toBe("onTextData");
		expect(data.values).toHaveLength(2);
		expect([data.keep, data.fault, metadataOf(data)]).toEqual([undefined, undefined, undefined]);
	});

	test.each([
		["an array with names", array],
		["an object (FMLE)", { ...members }],
	])("gives the metadata of onMetaData with %s", (_name, value) => {
		expect({ ...metadataOf(parseData(encodeAmf0("onMetaData", value), MEDIA_DATA)) }).toEqual(members);
	});

	test("names what is to be kept and what forgotten", () => {
		const kept = parseData(encodeAmf0("@setDataFrame", "onMetaData", array), MEDIA_DATA);
		expect([kept.handler, kept.keep]).toEqual(["onMetaData", "set"]);
		expect({ ...metadataOf(kept) }).toEqual(members);
		const cleared = parseData(encodeAmf0("@clearDataFrame", "onMetaData"), MEDIA_DATA);
		expect([cleared.handler, cleared.keep, cleared.values]).toEqual(["onMetaData", "clear", []]);
		expect(metadataOf(cleared)).toBeUndefined();
	});

	test.each([
		["type 15 behind its format selector", MEDIA_DATA_AMF3, withSelector(encodeAmf0("onMetaData", array))],
		["type 15 without one", MEDIA_DATA_AMF3, encodeAmf0("onMetaData", array)],
		["type 15 in pure AMF3", MEDIA_DATA_AMF3, encodeAmf3("onMetaData", { ...members })],
		["type 15 in pure AMF3 behind a selector", MEDIA_DATA_AMF3, withSelector(encodeAmf3("onMetaData", { ...members }))],
		["type 18 with a selector", MEDIA_DATA, withSelector(encodeAmf0("onMetaData", array))],
	] as const)("is read as %s", (_name, type, payload) => {
		expect({ ...metadataOf(parseData(payload, type)) }).toEqual(members);
	});

	test("keeps what came before it breaks off, and tells the fault", () => {
		const whole = encodeAmf0("@setDataFrame", "onMetaData", array);
		const nameEnd = encodeAmf0("@setDataFrame", "onMetaData").length;
		const counts = new Set<number>();
		for (let length = 0; length < whole.length; length++) {
			const cut = whole.subarray(0, length);
			if (length < nameEnd) {
				expect(() => parseData(cut, MEDIA_DATA)).toThrow(expect.objectContaining({ code: "MESSAGE_MALFORMED" }));
				continue;
			}
			const data = parseData(cut, MEDIA_DATA);
			expect(data.handler).toBe("onMetaData");
			if (data.fault !== undefined) continue;
			// A cut between two members leaves an array without its end, which the AMF reader takes for whole.
			const found = Object.entries(metadataOf(data) ?? {});
			expect(found).toEqual(Object.entries(members).slice(0, found.length));
			counts.add(found.length);
		}
		expect([...counts]).toEqual([0, 1, 2, 3, 4]);
	});

	test("is refused without a name", () => {
		for (const payload of [
			encodeAmf0(5),
			encodeAmf0({ a: 1 }),
			encodeAmf0("@setDataFrame"),
			encodeAmf0("@setDataFrame", 1),
		]) {
			expect(() => parseData(payload, MEDIA_DATA)).toThrow(PeerError);
		}
	});

	test("is refused beyond the limits of AMF, which are no accident of an encoder", () => {
		const deep = encodeAmf0("onMetaData", { a: 1 });
		// An object in an object, a hundred times.
		const nested = [...deep.subarray(0, 13), ...new Array(100).fill([3, 0, 1, 0x61]).flat()];
		expect(() => parseData(new Uint8Array(nested), MEDIA_DATA)).toThrow(LimitError);
	});

	test("never throws anything but a fault of the peer, whatever the bytes are", () => {
		const name = encodeAmf0("@setDataFrame", "onMetaData");
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (tail, hasName) => {
				const payload = hasName ? new Uint8Array([...name, ...tail]) : tail;
				for (const type of [MEDIA_DATA, MEDIA_DATA_AMF3] as const) {
					try {
						metadataOf(parseData(payload, type));
					} catch (fault) {
						if (!(fault instanceof PeerError)) throw fault;
					}
				}
			}),
			{ numRuns: 300 },
		);
	});
});

describe("writing metadata", () => {
	test("gives the members back in their order", () => {
		const payload = encodeMetadata(members);
		const data = parseData(payload, MEDIA_DATA);
		expect(data.values[0]).toBeInstanceOf(AmfEcmaArray);
		expect(Object.entries(metadataOf(data)!)).toEqual(Object.entries(members));
		expect(Buffer.from(payload.subarray(0, 18)).toString("hex")).toBe(
			"02000a6f6e4d6574614461746108000000 04".replace(" ", ""),
		);
	});
});

describe("a data message for a file", () => {
	test.each([
		["AMF0", MEDIA_DATA, (payload: Uint8Array) => payload],
		["AMF3", MEDIA_DATA_AMF3, withSelector],
	] as const)("has the bare name, in %s", (_name, type, wrap) => {
		const set = new MediaMessage(type, 40, wrap(encodeAmf0("@setDataFrame", "onMetaData", array)));
		const bare = recordedData(set)!;
		expect([bare.type, bare.timestamp]).toEqual([type, 40]);
		expect(bare.payload).toEqual(wrap(encodeAmf0("onMetaData", array)));
		for (const name of ["@clearDataFrame", "|RtmpSampleAccess"]) {
			expect(recordedData(new MediaMessage(type, 0, wrap(encodeAmf0(name, "onMetaData"))))).toBeUndefined();
		}
	});

	test("is left as it is where there is nothing to change", () => {
		const cue = new MediaMessage(MEDIA_DATA, 0, encodeAmf0("onCuePoint", { name: "a" }));
		const sound = new MediaMessage(MEDIA_AUDIO, 0, encodeAmf0("@clearDataFrame"));
		const broken = new MediaMessage(MEDIA_DATA, 0, new Uint8Array([2, 0, 13, 0x40]));
		for (const message of [cue, sound, broken]) expect(recordedData(message)).toBe(message);
	});
});
