import { MEDIA_DATA, MEDIA_DATA_AMF3, MediaMessage, metadataOf, parseData } from "@millrace/core/flv";
import { encodeData } from "@millrace/core/rtmp";
import { describe, expect, it } from "vitest";
import { keptData, liveMetadata } from "./item-data.ts";

describe("the data of a channel's items", () => {
	it("is a file's metadata without what is true of the file alone, to be kept", () => {
		const message = liveMetadata({ duration: 5, width: 640, filesize: 1e6, title: "one", keyframes: {} }, 70);
		const parsed = parseData(message.payload, MEDIA_DATA);
		expect([message.timestamp, parsed.keep, metadataOf(parsed)]).toEqual([70, "set", { width: 640, title: "one" }]);
	});

	it.each([
		["AMF0", MEDIA_DATA, encodeData(0, "onTitle", ["news", 7])],
		["AMF3 behind its selector", MEDIA_DATA_AMF3, new Uint8Array([0, ...encodeData(0, "onTitle", ["news", 7])])],
		["AMF3 without one", MEDIA_DATA_AMF3, encodeData(0, "onTitle", ["news", 7])],
	] as const)("is set again for another stream as the first one keeps it, in %s", (_, type, payload) => {
		const message = keptData(new MediaMessage(type, 5, payload), 90);
		expect([message.type, message.timestamp]).toEqual([type, 90]);
		expect(parseData(message.payload, type)).toMatchObject({ handler: "onTitle", values: ["news", 7], keep: "set" });
	});
});
