import { DEFAULT_RTMP_LIMITS } from "@millrace/core/rtmp";
import { SCENARIOS } from "../../packages/core/src/rtmp/server-scenario.ts";
import { HANDSHAKE_LENGTH, ServerSession } from "../../packages/core/src/rtmp/server-session.ts";
import type { FuzzTarget } from "../fuzz-target.ts";

/** Output has room for an acknowledgement of each byte, so that its limit is met alike however the bytes are cut. */
const LIMITS = { ...DEFAULT_RTMP_LIMITS, messageStreams: 16, outputBytes: 256 * 1024, heldBytes: 2048 };
const HANDSHAKE = new Uint8Array(HANDSHAKE_LENGTH).fill(3, 0, 1);
const PIECES = [1, 7, 200];

/**
 * A server's connection behind the handshake, with a handler that grants everything: whatever comes, it throws nothing,
 * keeps its limits, tells of every beginning's end and of nothing after its own, and does the same however the bytes
 * are cut and whether permissions come at once or later.
 */
export const target: FuzzTarget = {
	name: "session",
	seeds: () =>
		SCENARIOS.map(each => each.script().take().subarray(HANDSHAKE_LENGTH)).filter(bytes => bytes.length <= 4096),
	run(input) {
		const whole = play(input, input.length);
		for (const piece of PIECES) mustEqual(whole, play(input, piece), `In pieces of ${piece}`);
		playLater(input);
	},
};

function play(input: Uint8Array, pieceBytes: number): string {
	const session = new ServerSession("now", { limits: LIMITS });
	session.receive(HANDSHAKE);
	for (let at = 0; at < input.length; at += pieceBytes) {
		const piece = input.slice(at, at + pieceBytes);
		session.connection.receive(piece, 0);
		piece.fill(0xee);
		check(session);
	}
	return end(session);
}

/** Permissions come after each piece, one by one: only the invariants are the same, for limits are met elsewhere. */
function playLater(input: Uint8Array): void {
	const session = new ServerSession("later", { limits: LIMITS });
	session.receive(HANDSHAKE);
	for (let at = 0; at < input.length; at += 100) {
		session.receive(input.subarray(at, at + 100));
		session.settleNext();
		check(session);
	}
	while (session.waiting.length > 0) {
		session.settleNext();
		check(session);
	}
	end(session);
}

function check({ connection }: ServerSession): void {
	if (connection.link.outputBytes > LIMITS.outputBytes) throw new Error(`${connection.link.outputBytes} bytes wait.`);
	if (connection.streams.size > LIMITS.messageStreams) throw new Error(`There are ${connection.streams.size} streams.`);
	if (connection.link.closed && connection.deadline !== Number.POSITIVE_INFINITY)
		throw new Error("A deadline is left.");
}

/** Ends the session and answers all that was told and sent. */
function end(session: ServerSession): string {
	session.takeOutput();
	session.connection.link.close();
	session.connection.handleTimeout(1e9);
	session.takeOutput();
	const count = (name: string) => session.events.filter(event => event.startsWith(name)).length;
	if (count("closed ") !== 1) throw new Error(`The end was told ${count("closed ")} times.`);
	const open = [count("publish ") - count("unpublish "), count("play ") - count("stop ")];
	if (open.some(each => each < 0)) throw new Error("An end was told that had no beginning.");
	// The session itself refuses events behind the end.
	// Acknowledgements are due once a piece.
	const sent = session.sent.filter(line => !line.startsWith("acknowledged "));
	return [...session.events, ...sent].join("\n");
}

function mustEqual(expected: string, actual: string, how: string): void {
	if (expected === actual) return;
	const [a, b] = [expected.split("\n"), actual.split("\n")];
	const at = [...a, undefined].findIndex((line, index) => line !== b[index]);
	throw new Error(`${how}: line ${at} is ${b[at]}, and whole it is ${a[at]}.`);
}
