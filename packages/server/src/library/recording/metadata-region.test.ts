import { encodeAmf0 } from "@millrace/core/amf";
import { encodeMetadata, FlvDemuxer, MEDIA_DATA, MediaMessage } from "@millrace/core/flv";
import { describe, expect, it } from "vitest";
import { MetadataRegion, type RegionFacts } from "./metadata-region.ts";
import { metadataIn } from "./recording-fixture.ts";

const FACTS: RegionFacts = {
	hasAudio: true,
	hasVideo: true,
	durationMillis: 12_345,
	fileBytes: 1_000_000,
	lastMillis: 12_305,
	keyframes: [],
	lastKeyframe: { millis: 12_000, position: 999_000 },
	reconfigured: false,
};

describe("the metadata region", () => {
	it("has one size for every number of keyframes, and reads back as it was", () => {
		for (let count = 0; count <= 70; count++) {
			const region = MetadataRegion.create(undefined, { width: 640 }, 70);
			const keyframes = Array.from({ length: count }, (_, i) => ({ millis: i * 40, position: 1000 + i }));
			const bytes = region.render({ ...FACTS, keyframes });
			expect(bytes.length).toBe(region.bytes);
			const read = MetadataRegion.read(firstTag(bytes));
			expect(read?.facts).toEqual({ ...FACTS, keyframes });
			expect([read?.region.bytes, read?.region.slots]).toEqual([region.bytes, 70]);
			expect(read?.region.render({ ...FACTS, keyframes })).toEqual(bytes);
		}
	});

	it("takes over what describes the stream, not what speaks of another file, nor what is long", () => {
		const published = metadata({
			width: 320,
			encoder: "Lavf",
			duration: 99,
			filesize: 5,
			note: "x".repeat(2000),
			trackinfo: [1],
		});
		const members = metadataIn(MetadataRegion.create(published, { width: 640, height: 360 }, 4).render(FACTS));
		expect(members).toMatchObject({ width: 320, height: 360, encoder: "Lavf", duration: 12.345, filesize: 1_000_000 });
		expect(Object.keys(members)).not.toEqual(expect.arrayContaining(["note"]));
		expect(Object.keys(members)).not.toEqual(expect.arrayContaining(["trackinfo"]));
	});

	it("says in the file's header which media there are", () => {
		const region = MetadataRegion.create(undefined, {}, 1);
		expect(region.render(FACTS)[4]).toBe(5);
		expect(region.render({ ...FACTS, hasVideo: false })[4]).toBe(4);
	});

	it.each([
		["another program's", metadata({ duration: 1, metadatacreator: "other", filler: {} })],
		["one without filler", metadata({ metadatacreator: "Millrace" })],
		["one that breaks off", new MediaMessage(MEDIA_DATA, 0, metadata({ duration: 1 }).payload.subarray(0, 20))],
		["other data", new MediaMessage(MEDIA_DATA, 0, encodeAmf0("onCuePoint", 1))],
	])("is not seen in %s", (_, message) => {
		expect(MetadataRegion.read(message)).toBeUndefined();
	});

	it("describes nothing where the publisher's metadata cannot be read", () => {
		const broken = new MediaMessage(MEDIA_DATA, 0, new Uint8Array([2, 0, 10]));
		expect(metadataIn(MetadataRegion.create(broken, {}, 1).render(FACTS))).toMatchObject({ duration: 12.345 });
	});
});

function metadata(members: Parameters<typeof encodeMetadata>[0]): MediaMessage {
	return new MediaMessage(MEDIA_DATA, 0, encodeMetadata(members));
}

function firstTag(bytes: Uint8Array): MediaMessage {
	const messages: MediaMessage[] = [];
	new FlvDemuxer({ onTag: message => messages.push(message) }).push(bytes);
	return messages[0]!;
}
