import { AmfEcmaArray } from "../amf/index.ts";
import { bytesOf } from "./chunk-case.ts";
import { EVENT_SET_BUFFER_LENGTH } from "./message/user-control.ts";
import { CONNECTED, playStarted, publishStarted, type Scenario, SOUND, unpublished } from "./server-scenario-part.ts";
import { ClientScript } from "./server-session.ts";

/** What commands do in any order, and the oddities that are put up with. */
export const COMMAND_SCENARIOS: readonly Scenario[] = [
	{
		name: "publish and play again on a stream that is in use, and publish(false), play(false)",
		script: () =>
			new ClientScript()
				.connect()
				.command(3, 0, "createStream", 2)
				.command(8, 1, "publish", 3, null, "a")
				.command(8, 1, "publish", 4, null, "b", "append")
				.command(8, 1, "play", 5, null, "c", 0, -1, false)
				.command(8, 1, "publish", 6, null, "d", "anything")
				.command(8, 1, "publish", 7, null, false)
				.command(8, 1, "publish", 8, null, false)
				.command(8, 1, "play", 9, null, false),
		events: [
			"connect live _definst_ - 0",
			"publish #1 a live -",
			"unpublish #1 a",
			"publish #1 b append -",
			"unpublish #1 b",
			"play #1 c 0 -1000 false",
			"stop #1 c",
			"publish #1 d live -",
			"unpublish #1 d",
		],
		sent: [
			...CONNECTED,
			"_result #0 2 null 1",
			...publishStarted(1),
			unpublished(1),
			...publishStarted(1),
			"begin 1",
			'onStatus #1 0 null "NetStream.Play.Start"',
			"data #1 |RtmpSampleAccess true true",
			...publishStarted(1),
			unpublished(1),
		],
	},
	{
		name: "a playlist: what is added goes on playing, what resets it begins anew, and play(false) stops it",
		script: () =>
			new ClientScript()
				.connect()
				.command(3, 0, "createStream", 2)
				.command(8, 1, "play", 0, null, "a", 0, -1000, true)
				.command(8, 1, "play", 0, null, "mp4:b", 2000, 3000, false)
				.command(8, 1, "play", 0, null, "c", -2000, 0, 2)
				.userControl(EVENT_SET_BUFFER_LENGTH, 1, 3000)
				.command(8, 1, "play", 0, null, "d", 0, -1000, 3)
				.command(8, 1, "play", 0, null, "", 0, -1000, false)
				.command(8, 1, "play", 0, null, false),
		events: [
			"connect live _definst_ - 0",
			"play #1 a 0 -1000 true",
			"add #1 mp4:b 2000 3000 false",
			"add #1 c -2000 0 false at once",
			"stop #1 a",
			"play #1 d 0 -1000 true at once",
			"stop #1 d",
		],
		sent: [
			...CONNECTED,
			"_result #0 2 null 1",
			...playStarted(1),
			...playStarted(1),
			'onStatus #1 0 null "NetStream.Play.Failed"',
			'onStatus #1 0 null "NetStream.Play.Stop"',
		],
	},
	{
		name: "play2: its times are in seconds, it plays where nothing plays, changes what plays, and stops with the end",
		script: () =>
			new ClientScript()
				.connect()
				.command(3, 0, "createStream", 2)
				.command(8, 1, "play2", 0, null, { streamName: "a", start: 5, len: 2.5, transition: "append" })
				.command(8, 1, "play2", 0, null, new AmfEcmaArray([["streamName", "b"]]))
				.command(8, 1, "play2", 0, null, { streamName: "flv:c?k=1", oldStreamName: "mp4:b", transition: "swap" })
				.command(8, 1, "play2", 0, null, { streamName: "d", start: -1000, offset: 7.25, transition: "switch" })
				.command(8, 1, "play2", 0, null, { streamName: "d", transition: "fade" })
				.command(8, 1, "play2", 0, null, { streamName: "e", offset: 12, transition: "resume" })
				.command(8, 1, "play2", 0, null, { streamName: "f", start: -2, offset: -1, transition: "reset" })
				.command(8, 1, "play2", 0, null, { transition: "stop" })
				.command(8, 1, "play2", 0, null, { transition: "stop" }),
		events: [
			"connect live _definst_ - 0",
			"play #1 a 5000 2500 false append - -1",
			"switch #1 b -2000 -1000 false switch - -1",
			"swap #1 flv:c -2000 -1000 false swap b -1",
			"switch #1 d -1000 -1000 false switch - 7250",
			"resume #1 e 12000 -1000 false resume - 12000",
			"stop #1 a",
			"play #1 f -2000 -1000 true reset - -1",
			"stop #1 f",
		],
		sent: [
			...CONNECTED,
			"_result #0 2 null 1",
			...playStarted(1).filter(line => !line.includes("Reset")),
			'onStatus #1 0 null "NetStream.InvalidArg"',
			...playStarted(1),
			"eof 1",
			'onStatus #1 0 null "NetStream.Play.Stop"',
		],
	},
	{
		name: "commands on streams that do not exist or do nothing disturb nobody",
		script: () =>
			new ClientScript()
				.connect()
				.command(3, 0, "createStream", 2)
				.command(3, 0, "createStream", 3)
				.command(8, 1, "play", 0, null, "cam")
				.command(8, 2, "pause", 0, null, true, 0)
				.command(8, 2, "seek", 0, null, 0)
				.command(8, 2, "receiveVideo", 0, null, false)
				.command(8, 9, "pause", 0, null, true, 0)
				.command(8, 9, "receiveAudio", 0, null, false)
				.command(8, 9, "publish", 0, null, "x")
				.command(8, 0, "play", 0, null, "x")
				.command(3, 0, "deleteStream", 0, null, 9)
				.command(3, 0, "deleteStream", 0, null, -1)
				.command(3, 0, "deleteStream", 0, null, Number.NaN)
				.command(3, 0, "deleteStream", 0, null, null)
				.command(8, 9, "closeStream", 0, null, 1)
				.message(4, 8, 0, 2, SOUND)
				.message(4, 8, 0, 0, SOUND),
		events: ["connect live _definst_ - 0", "play #1 cam -2000 -1000 true"],
		sent: [
			...CONNECTED,
			"_result #0 2 null 1",
			"_result #0 3 null 2",
			...playStarted(1),
			'onStatus #9 0 null "NetStream.Failed"',
			'onStatus #0 0 null "NetStream.Failed"',
		],
		facts: session => [
			session.connection.streams.size,
			session.connection.strayMessages,
			...[1, 2].map(id => session.connection.streams.get(id)!.wantsVideo),
		],
		expected: [2, 4, true, false],
	},
	{
		name: "an aggregate is handed on in parts, a shared object's message whole; unknown types and onStatus are passed over",
		script: () =>
			new ClientScript()
				.connect()
				.command(3, 0, "createStream", 2)
				.command(8, 1, "publish", 0, null, "cam")
				.message(4, 22, 5000, 1, bytesOf(AGGREGATE))
				.message(4, 19, 0, 0, SOUND)
				.message(4, 7, 0, 1, SOUND)
				.message(4, 255, 0, 1, SOUND)
				.command(3, 0, "onStatus", 0, null, { code: "x" })
				.command(3, 0, "initStream", 0, null, 1)
				.command(3, 0, "_result", 99, null, 1)
				.message(4, 8, 0, 1, new Uint8Array(0)),
		events: [
			"connect live _definst_ - 0",
			"publish #1 cam live -",
			"media #1 8 5000 3",
			"media #1 9 5020 5",
			"shared object 19 300",
			"media #1 8 0 0",
		],
		sent: [...CONNECTED, "_result #0 2 null 1", ...publishStarted(1)],
		facts: session => session.connection.strayMessages,
		expected: 2,
	},
	{
		name: "FCUnsubscribe is answered to who asks",
		script: () => new ClientScript().connect().command(3, 0, "FCUnsubscribe", 2, null, "cam"),
		events: ["connect live _definst_ - 0"],
		sent: [...CONNECTED, "_result #0 2 null undefined", 'onFCUnsubscribe #0 0 null "NetStream.Play.Stop"'],
	},
	{
		name: "arguments that are missing or of another type",
		script: () =>
			["createStream", "deleteStream", "closeStream", "releaseStream", "FCPublish", "FCUnpublish", "seek"]
				.concat(
					"FCSubscribe",
					"pause",
					"receiveAudio",
					"getStreamLength",
					"publish",
					"play",
					"play2",
					"_result",
					"_error",
				)
				.reduce((script, name) => {
					const values = [undefined, null, 5, true, { name: "x" }, [], Number.NaN];
					for (const value of values) script.command(8, 5, name, 0, null, value);
					return script.command(8, 5, name, 0);
				}, new ClientScript().connect()),
		events: ["connect live _definst_ - 0"],
	},
];

const AGGREGATE = "080000030003e800000000af01210000000e 090000050003fc00000000170200000000000010";
