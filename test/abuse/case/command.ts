import type { AmfValue } from "@millrace/core/amf";
import type { FaultCode } from "@millrace/core/fault";
import { expect } from "vitest";
import type { AbuseCase } from "../abuse-case.ts";
import { amfNumber, amfText, join, repeat, u24, u32 } from "../bytes.ts";
import type { RawClient } from "../raw-client.ts";

const COMMANDS = [
	...["createStream", "deleteStream", "closeStream", "releaseStream", "FCPublish", "FCUnpublish", "FCSubscribe"],
	...["FCUnsubscribe", "publish", "play", "pause", "pauseRaw", "seek", "receiveAudio", "receiveVideo"],
	...["receiveVideoFPS", "getStreamLength", "_checkbw", "_result", "_error", "initStream", "onStatus", "close"],
];
const WRONG_TYPES: readonly AmfValue[] = [
	...[undefined, null, true, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "", new Date(Number.NaN)],
	...[[], { length: 9 }, [[[]]]],
];

/** A command that is closed, or answered with a status, before anything else is looked at. */
function rejected(row: number, behaviour: string, outcome: FaultCode, app: AmfValue): AbuseCase {
	return {
		row,
		behaviour,
		stage: "shaken",
		outcome,
		attack: client => client.command("connect", 1, app),
	};
}

function statusAnswered(code: string) {
	return async (client: RawClient): Promise<void> => {
		await client.waitForStatus(code);
		expect(await client.call("createStream")).toBeTypeOf("number");
	};
}

/** `publish` of a name on stream 1. */
function published(behaviour: string, name: AmfValue, outcome: "served" | FaultCode, status?: string): AbuseCase {
	return {
		row: 42,
		behaviour,
		stage: "connected",
		outcome,
		async attack(client) {
			await client.createStream();
			return client.command("publish", 0, null, [name, "live"], 1);
		},
		...(status === undefined ? {} : { confirm: statusAnswered(status) }),
	};
}

const names: AbuseCase[] = [
	published("an empty stream name is answered with BadName", "", "served", "NetStream.Publish.BadName"),
	published("a stream name of 255 characters is taken", "n".repeat(255), "served", "NetStream.Publish.Start"),
	published("a stream name of 256 characters is closed", "n".repeat(256), "NAME_TOO_LONG"),
	published("a stream name of 65,536 characters is closed", "n".repeat(65_536), "NAME_TOO_LONG"),
	published("percent signs in a stream name stay what they are", "%2e%2e/x%00", "served", "NetStream.Publish.Start"),
	...["a\0b", "a\r\nb", "a\u001bb", "a\u202eb", "../x", "a/../b", "a\\b", "C:x", "mp4:../x", "mp4:a/../../x"].map(
		name => published(`the stream name ${JSON.stringify(name)} is closed`, name, "NAME_FORBIDDEN"),
	),
	{
		row: 42,
		behaviour: "arguments of 65,536 characters in a stream name are taken",
		stage: "connected",
		outcome: "served",
		async attack(client) {
			await client.createStream();
			return client.command("play", 0, null, [`x?a=${"y".repeat(65_536)}`], 1);
		},
		confirm: statusAnswered("NetStream.Play.Start"),
	},
	rejected(42, "an application name of 256 characters is closed", "NAME_TOO_LONG", { app: "n".repeat(256) }),
	rejected(42, "an application name with `..` is closed", "NAME_FORBIDDEN", { app: "live/../x" }),
	rejected(42, "an application name with a line end is closed", "NAME_FORBIDDEN", { app: "live\r\nX: y" }),
];

const order: AbuseCase[] = [
	rejected(39, "connect without an object is closed", "CONNECT_MALFORMED", null),
	rejected(39, "connect with an array for its object is closed", "CONNECT_MALFORMED", ["live"]),
	rejected(39, "connect without app is told InvalidApp and closed", "CONNECT_MALFORMED", { tcUrl: "rtmp://x/live" }),
	rejected(39, "connect with a number for app is told InvalidApp and closed", "CONNECT_MALFORMED", { app: 7 }),
	{
		row: 39,
		behaviour: "every command with too few, too many or wrong arguments is answered or ignored",
		stage: "connected",
		outcome: "served",
		async attack(client) {
			await client.createStream();
			const parts: Uint8Array[] = [];
			for (const name of COMMANDS) {
				for (const streamId of [0, 1, 99]) {
					parts.push(client.message(20, join(amfText(name)), streamId));
					parts.push(client.message(20, join(amfText(name), amfText("not a number")), streamId));
					for (const value of WRONG_TYPES) {
						parts.push(client.command(name, 0, null, [value], streamId));
						parts.push(client.command(name, 3, value, [value, value, value, value, value], streamId));
					}
				}
			}
			return Buffer.concat(parts);
		},
		async confirm(client) {
			// All 256 streams may be in use by now.
			client.send(client.command("deleteStream", 0, null, [2]));
			expect(await client.call("createStream")).toBeTypeOf("number");
		},
	},
	{
		row: 39,
		behaviour: "publish with a number, an object or nothing for a name is answered with BadName",
		stage: "connected",
		outcome: "served",
		async attack(client) {
			await client.createStream();
			for (const args of [[7], [{ a: 1 }], []]) {
				client.send(client.command("publish", 0, null, args, 1));
				await client.waitForStatus("NetStream.Publish.BadName");
			}
			return undefined;
		},
	},
	...["createStream", "publish", "play", "anything"].map(
		(name): AbuseCase => ({
			row: 40,
			behaviour: `${name} before connect is closed`,
			stage: "shaken",
			outcome: "COMMAND_BEFORE_CONNECT",
			attack: client => client.command(name, 1, null, ["x"]),
		}),
	),
	{
		row: 40,
		behaviour: "media before connect is closed",
		stage: "shaken",
		outcome: "COMMAND_BEFORE_CONNECT",
		attack: client => client.message(9, new Uint8Array(100), 1),
	},
	{
		row: 40,
		behaviour: "a second connect is closed",
		stage: "connected",
		outcome: "CONNECT_TWICE",
		attack: client => client.command("connect", 1, { app: "live" }),
	},
	{
		row: 40,
		behaviour: "commands and media for a stream that was deleted are answered or ignored",
		stage: "publishing",
		outcome: "served",
		attack: client =>
			join(
				client.command("deleteStream", 0, null, [1]),
				client.command("deleteStream", 0, null, [1]),
				client.command("publish", 0, null, ["again"], 1),
				client.message(9, new Uint8Array(50), 1),
				client.command("closeStream", 0, null, [], 1),
			),
		confirm: statusAnswered("NetStream.Failed"),
	},
	{
		row: 41,
		behaviour: "deleteStream of foreign, negative and absurd ids changes nothing",
		stage: "publishing",
		outcome: "served",
		attack: client =>
			join(
				...[0, 2, -1, 1.5, 4294967295, Number.NaN].map(id => client.command("deleteStream", 0, null, [id])),
				...[0, 2, 0xffffffff].map(id => client.message(9, Uint8Array.of(0x27, 1, 0, 0, 0), id)),
			),
	},
	{
		row: 41,
		behaviour: "100,000 createStream are closed at the limit",
		stage: "connected",
		outcome: "TOO_MANY_STREAMS",
		attack: client => createStreams(client, 100_000),
	},
];

const calls: AbuseCase[] = [
	{
		row: 43,
		behaviour: "methods named as inherited or internal ones are not found",
		stage: "connected",
		outcome: "served",
		async attack(client) {
			const names = [
				"onConnect",
				"constructor",
				"__defineGetter__",
				"__proto__",
				"toString",
				"hasOwnProperty",
				"",
				"accept",
			];
			for (const [i, name] of names.entries()) {
				client.send(client.command(name, 100 + i, null, ["x"]));
				expect((await client.waitForCommand("_error", 100 + i)).args[0]).toMatchObject({
					code: "NetConnection.Call.Failed",
				});
			}
			return undefined;
		},
	},
	{
		row: 44,
		behaviour: "responder ids that repeat are answered each",
		stage: "connected",
		outcome: "served",
		async attack(client) {
			client.send(repeat(callOf("x", 5), 100));
			for (let i = 0; i < 100; i++) await client.waitForCommand("_error", 5);
			return undefined;
		},
	},
	{
		row: 44,
		behaviour: "calls by the hundred thousand whose answers nobody reads are closed",
		stage: "connected",
		outcome: "OUTPUT_TOO_LARGE",
		withinMillis: 10_000,
		async attack(client) {
			client.socket.pause();
			const calls = repeat(callOf("x", 5), 1000);
			for (let i = 0; i < 100 && !client.isClosed; i++) client.send(calls);
			await new Promise(resolve => setTimeout(resolve, 500));
			return undefined;
		},
	},
];

const streams: AbuseCase[] = [
	{
		row: 46,
		behaviour: "play of names that are words elsewhere, with times that are none, is answered",
		stage: "connected",
		outcome: "served",
		async attack(client) {
			await client.createStream();
			for (const name of ["false", "null", "onStatus", "@setDataFrame", "close", "-1"]) {
				for (const time of [-2, -1000, -2000, -1e300, Number.NaN, Number.NEGATIVE_INFINITY]) {
					client.send(client.command("play", 0, null, [name, time, Number.NaN, time], 1));
					await client.waitForStatus("NetStream.Play.Start");
				}
			}
			for (const time of [0, 1e300]) {
				client.send(client.command("play", 0, null, ["nothing", time, -1, true], 1));
				await client.waitForStatus("NetStream.Play.StreamNotFound");
			}
			return undefined;
		},
	},
	{
		row: 47,
		behaviour: "publish to record or append is a live stream as long as nothing records",
		stage: "connected",
		outcome: "served",
		async attack(client) {
			await client.createStream();
			for (const mode of ["record", "append", "appendWithGap", "LIVE", "", 7]) {
				client.send(client.command("publish", 0, null, ["recorded", mode], 1));
				await client.waitForStatus("NetStream.Publish.Start");
			}
			return undefined;
		},
	},
];

/** Offenders of the command layer: rows 39 to 47, but for those that are tests of their own. */
export const commandCases: readonly AbuseCase[] = [...names, ...order, ...calls, ...streams];

/** Many `createStream` in one go; their answers are not looked at. */
export function createStreams(client: RawClient, count: number): Uint8Array {
	const payload = join(amfText("createStream"), amfNumber(2), 5);
	const one = join(3, u24(0), u24(payload.length), 20, u32(0), payload);
	client.onMessage = () => {};
	return repeat(one, count);
}

/** A call with a full header, which may be repeated as it is. */
export function callOf(name: string, transactionId: number): Uint8Array {
	const payload = join(amfText(name), amfNumber(transactionId), 5);
	return join(3, u24(0), u24(payload.length), 20, u32(0), payload);
}
