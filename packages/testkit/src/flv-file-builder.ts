/** One tag of an FLV file to be made. */
export type BuiltTag = {
	/** 8 audio, 9 video, 18 script data. */
	readonly type: 8 | 9 | 18;
	/** Milliseconds, 0 to 2^32 − 1. */
	readonly timestamp: number;
	readonly body: Uint8Array;
};

/** The bytes of an FLV file of these tags, in this order (Adobe FLV 10.1, Annex E). Written for tests, not with core. */
export function buildFlvFile(tags: readonly BuiltTag[]): Buffer {
	const flags = (tags.some(tag => tag.type === 8) ? 4 : 0) | (tags.some(tag => tag.type === 9) ? 1 : 0);
	const parts = [Buffer.from([0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0])];
	for (const { type, timestamp, body } of tags) {
		const head = Buffer.alloc(11);
		head[0] = type;
		head.writeUIntBE(body.length, 1, 3);
		head.writeUIntBE(timestamp & 0xffffff, 4, 3);
		head[7] = (timestamp >>> 24) & 0xff;
		const size = Buffer.alloc(4);
		size.writeUInt32BE(11 + body.length);
		parts.push(head, Buffer.from(body), size);
	}
	return Buffer.concat(parts);
}

/** The body of an `onMetaData` script tag: an ECMA array of numbers. */
export function metadataBody(values: Readonly<Record<string, number>>): Buffer {
	const entries = Object.entries(values);
	const count = Buffer.alloc(4);
	count.writeUInt32BE(entries.length);
	const parts = [Buffer.from([2]), amfName("onMetaData"), Buffer.from([8]), count];
	for (const [name, value] of entries) {
		const number = Buffer.alloc(9);
		number.writeDoubleBE(value, 1);
		parts.push(amfName(name), number);
	}
	parts.push(Buffer.from([0, 0, 9]));
	return Buffer.concat(parts);
}

/**
 * A file of synthetic VP6 tags: headers and sizes as On2's encoder writes them (adjustment byte, frame header of a
 * 320×240 key frame each second), but the coded data is a counter. It can be carried and compared, not decoded.
 */
export function buildSyntheticVp6(seconds: number, framesPerSecond = 15): Buffer {
	const metadata = metadataBody({
		...{ duration: seconds, width: 320, height: 240, framerate: framesPerSecond, videocodecid: 4 },
	});
	const tags: BuiltTag[] = [{ type: 18, timestamp: 0, body: metadata }];
	for (let frame = 0; frame < seconds * framesPerSecond; frame++) {
		const isKey = frame % framesPerSecond === 0;
		const body = Buffer.alloc(isKey ? 3000 : 400 + (frame % 7) * 50, frame & 0xff);
		body[0] = isKey ? 0x14 : 0x24;
		body[1] = 0;
		// Key: quantiser 30, then version 6 simple profile, 15×20 macroblocks, the same to show.
		if (isKey) body.set([0x3c, 0x46, 0, 0, 15, 20, 15, 20], 2);
		else body[2] = 0x80 | 0x3c;
		body.writeUInt32BE(frame, 20);
		tags.push({ type: 9, timestamp: Math.round((frame * 1000) / framesPerSecond), body });
	}
	return buildFlvFile(tags);
}

function amfName(name: string): Buffer {
	const length = Buffer.alloc(2);
	length.writeUInt16BE(Buffer.byteLength(name));
	return Buffer.concat([length, Buffer.from(name)]);
}
