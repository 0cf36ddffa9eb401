/**
 * What reading a publisher costs: `node --conditions=source bench/micro/chunk-reader.ts`. Prints nanoseconds a message
 * and MB/s of `ChunkReader` alone, and of a whole `ServerConnection` with a `MediaMessage` made of each.
 */
import { MediaMessage } from "@millrace/core/flv";
import { ChunkReader, ChunkWriter, DEFAULT_RTMP_LIMITS, encodeCommand, ServerConnection } from "@millrace/core/rtmp";
import { readMachine } from "../machine.ts";

type Traffic = { readonly name: string; readonly bytes: Uint8Array; readonly pieces: readonly Uint8Array[] };

const MESSAGES = 2000;
const ROUNDS = 60;
const HANDSHAKE_LENGTH = 3073;
const LIMITS = { messageBytes: 0xffffff, partialBytes: 1 << 25, chunkStreams: 64 };
const PREPARATION = [
	encodeCommand(0, "connect", 1, { app: "live" }, []),
	encodeCommand(0, "createStream", 2, null, []),
	encodeCommand(0, "publish", 3, null, ["cam", "live"]),
];

/** Keeps the compiler from leaving the work out. */
let sum = 0;

const machine = readMachine();
console.log(`${machine.cpu}, Node ${machine.node}, ${machine.revision ?? ""}\n`);
const traffics = [
	traffic("1.75 kB messages, one a segment, 4096-byte chunks", 1750, 4096, "message"),
	traffic("12 kB messages in 1448-byte segments, 4096-byte chunks", 12_000, 4096, 1448),
	traffic("1.75 kB messages, 64 kB reads, 4096-byte chunks", 1750, 4096, 65_536),
	traffic("1.75 kB messages, 64 kB reads, 128-byte chunks", 1750, 128, 65_536),
	traffic("100-byte messages, 64 kB reads, 4096-byte chunks", 100, 4096, 65_536),
];
for (const each of traffics) {
	console.log(each.name);
	print("ChunkReader", each, () => readerOf());
	print("ServerConnection and MediaMessage", each, () => connectionOf());
}

/** Three messages of video to two of audio, as an encoder sends them, in pieces of so many bytes or a message each. */
function traffic(name: string, messageBytes: number, chunkSize: number, pieceBytes: number | "message"): Traffic {
	const writer = new ChunkWriter();
	const slices = [writer.write(2, 1, 0, 0, Uint8Array.of(0, 0, chunkSize >> 8, chunkSize))];
	writer.chunkSize = chunkSize;
	for (let i = 0; i < MESSAGES; i++) {
		const isVideo = i % 5 < 3;
		// Lengths differ a little, so that headers are those of real streams.
		const payload = new Uint8Array(messageBytes - (i % 7)).fill(isVideo ? 0x27 : 0xaf, 0, 1);
		slices.push(writer.write(isVideo ? 6 : 4, isVideo ? 9 : 8, i * 8, 1, payload));
	}
	const bytes = Buffer.concat(slices);
	if (pieceBytes === "message") return { name, bytes, pieces: slices.map(slice => Buffer.from(slice)) };
	const pieces: Uint8Array[] = [];
	for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
	return { name, bytes, pieces };
}

function readerOf(): (piece: Uint8Array) => void {
	const reader = new ChunkReader({ onMessage: (type, _time, _id, payload) => count(type + payload.length) }, LIMITS);
	return piece => reader.receive(piece);
}

function connectionOf(): (piece: Uint8Array) => void {
	const nothing = () => {};
	const handshake = {
		done: false,
		receive(bytes: Uint8Array) {
			this.done = true;
			return bytes.length;
		},
		takeOutput: () => [],
	};
	const connection: ServerConnection = new ServerConnection(
		handshake,
		{
			onConnect: () => connection.acceptConnect(),
			onPublish: stream => stream.acceptPublish(),
			onMedia: (_stream, type, timestamp, payload) => count(new MediaMessage(type, timestamp, payload).flags),
			onUnpublish: nothing,
			onPlay: nothing,
			onStop: nothing,
			onPause: nothing,
			onSeek: nothing,
			onReceiveChange: nothing,
			onCall: nothing,
			onClosed: reason => console.error(reason),
		},
		{
			handshakeTimeoutMillis: 1e4,
			handshakeDeadlineMillis: 1e4,
			pingIntervalMillis: 1e4,
			readTimeoutMillis: 1e4,
			connectTimeoutMillis: 1e4,
			chunkSize: 4096,
			windowAckBytes: 2_500_000,
			fmsVersion: "5,0,15,5004",
			clientId: "1",
			limits: DEFAULT_RTMP_LIMITS,
		},
		0,
	);
	connection.receive(new Uint8Array(HANDSHAKE_LENGTH), 0);
	const writer = new ChunkWriter();
	for (const [index, payload] of PREPARATION.entries()) {
		connection.receive(writer.write(3, 20, 0, index === 2 ? 1 : 0, payload), 0);
	}
	connection.link.takeOutput();
	return piece => {
		connection.receive(piece, 0);
		if (connection.link.outputBytes > 0) connection.link.takeOutput();
	};
}

/** The best round of all, for what disturbs only ever adds. */
function print(name: string, { pieces, bytes }: Traffic, make: () => (piece: Uint8Array) => void): void {
	let best = Number.POSITIVE_INFINITY;
	for (let round = 0; round < ROUNDS; round++) {
		const receive = make();
		const start = process.hrtime.bigint();
		for (const piece of pieces) receive(piece);
		best = Math.min(best, Number(process.hrtime.bigint() - start));
	}
	const perMessage = (best / MESSAGES).toFixed(0).padStart(6);
	const rate = (bytes.length / 1e6 / (best / 1e9)).toFixed(0).padStart(6);
	console.log(`  ${name.padEnd(36)} ${perMessage} ns a message  ${rate} MB/s`);
}

function count(value: number): void {
	sum = (sum + value) | 0;
}
