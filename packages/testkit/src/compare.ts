import type { MediaPacket } from "./packets.ts";

export type ComparisonOptions = {
	/** How far a timestamp may be from the stream's constant offset, in milliseconds; default 0. */
	readonly toleranceMillis?: number;
	/** How far the offsets of sound and picture may differ, in milliseconds; default 0. */
	readonly skewMillis?: number;
	/** How many packets of each stream must be there; default 20, or three quarters of the reference where it has fewer. */
	readonly minimumPackets?: number;
	/** How many packets of each stream may be missing at the end; default 0. */
	readonly missingAtEnd?: number;
};

/** What was found equal in one stream. */
export type ComparedStream = {
	readonly kind: MediaPacket["kind"];
	/** How many packets are equal. */
	readonly packets: number;
	/** How many packets of the reference came before the first received one. */
	readonly skippedAtStart: number;
	/** Received minus reference time, in milliseconds. */
	readonly offsetMillis: number;
};

/**
 * Asserts that, from the first received keyframe on (from the first packet where there is no picture), every stream of
 * the reference arrived: the same packets in the same order without a gap, at a constant distance of decode and of
 * presentation times, the same for sound and picture. Throws an `Error` that shows the first difference with what
 * stands around it.
 */
export function comparePackets(
	reference: readonly MediaPacket[],
	received: readonly MediaPacket[],
	options: ComparisonOptions = {},
): ComparedStream[] {
	const kinds = (["video", "audio"] as const).filter(kind => reference.some(packet => packet.kind === kind));
	if (kinds.length === 0) throw new Error("the reference has neither picture nor sound");
	const start = kinds[0] === "video" ? received.findIndex(packet => packet.kind === "video" && packet.isKey) : 0;
	if (start < 0) throw new Error(`no keyframe was received, only ${count(received)}`);
	const compared = kinds.map(kind =>
		compareStream(
			kind,
			reference.filter(packet => packet.kind === kind),
			received.slice(start).filter(packet => packet.kind === kind),
			options,
		),
	);
	const [first, second] = compared;
	if (first && second && Math.abs(first.offsetMillis - second.offsetMillis) > (options.skewMillis ?? 0)) {
		throw new Error(
			`sound moved against the picture: video is ${first.offsetMillis} ms from the reference, audio ${second.offsetMillis} ms`,
		);
	}
	return compared;
}

function compareStream(
	kind: MediaPacket["kind"],
	reference: readonly MediaPacket[],
	received: readonly MediaPacket[],
	options: ComparisonOptions,
): ComparedStream {
	// A player that joins a stream of few and long packets late misses some of them.
	const minimum = Math.min(options.minimumPackets ?? 20, Math.ceil(reference.length * 0.75));
	if (received.length < minimum) {
		throw new Error(`${kind}: ${received.length} packets were received, at least ${minimum} are expected`);
	}
	const skipped = bestStart(reference, received);
	if (skipped < 0) {
		throw new Error(`${kind}: the first received packet is not in the reference\n  received ${show(received[0]!)}`);
	}
	const offset = received[0]!.dts - reference[skipped]!.dts;
	const tolerance = options.toleranceMillis ?? 0;
	for (const [i, packet] of received.entries()) {
		const expected = reference[skipped + i];
		const trouble =
			expected === undefined
				? "is one more than the reference has"
				: packet.hash !== expected.hash
					? contentTrouble(reference, received, skipped, i)
					: Math.abs(packet.dts - expected.dts - offset) > tolerance
						? `has decode time ${packet.dts}, expected ${expected.dts + offset}`
						: Math.abs(packet.pts - expected.pts - offset) > tolerance
							? `has presentation time ${packet.pts}, expected ${expected.pts + offset}`
							: undefined;
		if (trouble) {
			throw new Error(`${kind}: received packet ${i} ${trouble}\n${context(reference, received, skipped, i)}`);
		}
	}
	const missing = reference.length - skipped - received.length;
	if (missing > (options.missingAtEnd ?? 0)) {
		throw new Error(
			`${kind}: the last ${missing} packets of the reference are missing\n${context(reference, received, skipped, received.length)}`,
		);
	}
	return { kind, packets: received.length, skippedAtStart: skipped, offsetMillis: offset };
}

/** Where the received packets begin in the reference; among equal packets, the place from which most of them fit. */
function bestStart(reference: readonly MediaPacket[], received: readonly MediaPacket[]): number {
	let best = -1;
	let bestLength = 0;
	for (const [start, packet] of reference.entries()) {
		if (packet.hash !== received[0]!.hash) continue;
		let length = 1;
		while (length < received.length && reference[start + length]?.hash === received[length]!.hash) length++;
		if (length > bestLength) {
			best = start;
			bestLength = length;
		}
	}
	return best;
}

function contentTrouble(
	reference: readonly MediaPacket[],
	received: readonly MediaPacket[],
	skipped: number,
	i: number,
): string {
	const hash = received[i]!.hash;
	const later = reference.findIndex((packet, at) => at > skipped + i && packet.hash === hash);
	if (later >= 0) return `comes too early: ${later - skipped - i} packets before it are missing`;
	if (received.slice(0, i).some(packet => packet.hash === hash)) return "came before already";
	return "has other content than the reference";
}

function context(
	reference: readonly MediaPacket[],
	received: readonly MediaPacket[],
	skipped: number,
	i: number,
): string {
	const lines: string[] = [];
	for (let at = Math.max(0, i - 2); at <= i + 2; at++) {
		const mark = at === i ? ">" : " ";
		const left = reference[skipped + at];
		const right = received[at];
		if (left) lines.push(`${mark} reference ${skipped + at}: ${show(left)}`);
		if (right) lines.push(`${mark} received  ${at}: ${show(right)}`);
	}
	return lines.join("\n");
}

function show(packet: MediaPacket): string {
	const key = packet.isKey && packet.kind === "video" ? " key" : "";
	return `dts ${packet.dts} pts ${packet.pts} size ${packet.size} ${packet.hash.slice(0, 12)}${key}`;
}

function count(packets: readonly MediaPacket[]): string {
	const of = (kind: MediaPacket["kind"]) => packets.filter(packet => packet.kind === kind).length;
	return `${of("video")} video, ${of("audio")} audio and ${of("data")} data packets`;
}
