import { AmfEcmaArray } from "../amf/index.ts";
import { bytesOf, patternOf } from "./chunk-case.ts";
import { EVENT_SET_BUFFER_LENGTH } from "./message/user-control.ts";
import { ClientScript, type ServerSession } from "./server-session.ts";

/** What a client sends, and what must come of it: in events of the handler and in answers. */
export type Scenario = {
	readonly name: string;
	readonly script: () => ClientScript;
	readonly events: readonly string[];
	/** Left out where only the events count. */
	readonly sent?: readonly string[];
	/** What is not seen in events, and what it must be. */
	readonly facts?: (session: ServerSession) => unknown;
	readonly expected?: unknown;
};

/** The answer to `connect`, in the order that every client takes. */
const CONNECTED = [
	"window 2500000",
	"bandwidth 2500000 2",
	"begin 0",
	"chunk size 4096",
	'_result #0 1 {"fmsVer":"FMS/5,0,15,5004","capabilities":255,"mode":1} "NetConnection.Connect.Success"',
	"onBWDone #0 0 null",
];
const publishStarted = (id: number) => [`begin ${id}`, `onStatus #${id} 0 null "NetStream.Publish.Start"`];
const playStarted = (id: number) => [
	`begin ${id}`,
	`onStatus #${id} 0 null "NetStream.Play.Reset"`,
	`onStatus #${id} 0 null "NetStream.Play.Start"`,
	`data #${id} |RtmpSampleAccess true true`,
];
const unpublished = (id: number) => `onStatus #${id} 0 null "NetStream.Unpublish.Success"`;
const METADATA = new AmfEcmaArray([["width", 640]]);
const PICTURE = patternOf(6000);
const SOUND = patternOf(300);

/** The measured sequences of the clients that the dossier of RTMP names, and the oddities that are put up with. */
export const SCENARIOS: readonly Scenario[] = [
	{
		name: "ffmpeg 5.1 publishes: the chunk size comes back, commands do not wait, media on 4 and 6",
		script: () =>
			new ClientScript()
				.connect("live", { type: "nonprivate", flashVer: "FMLE/3.0 (compatible; Lavf59.27.100)" })
				.chunkSize(4096)
				.command(3, 0, "releaseStream", 2, null, "cam?key=1")
				.command(3, 0, "FCPublish", 3, null, "cam?key=1")
				.command(3, 0, "createStream", 4)
				.command(3, 0, "_checkbw", 5)
				.command(8, 1, "publish", 6, null, "cam?key=1", "live")
				.data(4, 1, "@setDataFrame", "onMetaData", METADATA)
				.message(6, 9, 0, 1, PICTURE)
				.message(4, 8, 0, 1, SOUND)
				.message(6, 9, 40, 1, PICTURE)
				.message(4, 8, 23, 1, SOUND)
				.command(3, 0, "FCUnpublish", 7, null, "cam?key=1")
				.command(3, 0, "deleteStream", 8, null, 1),
		events: [
			"connect live _definst_ - 0",
			"call _checkbw 5 ",
			"publish #1 cam live key=1",
			"media #1 18 0 53",
			"media #1 9 0 6000",
			"media #1 8 0 300",
			"media #1 9 40 6000",
			"media #1 8 23 300",
			"unpublish #1 cam",
		],
		sent: [
			...CONNECTED,
			"_result #0 2 null undefined",
			"_result #0 3 null undefined",
			'onFCPublish #0 0 null "NetStream.Publish.Start"',
			"_result #0 4 null 1",
			...publishStarted(1),
			"_result #0 7 null undefined",
			'onFCUnpublish #0 0 null "NetStream.Unpublish.Success"',
			unpublished(1),
		],
		facts: session => session.connection.streams.size,
		expected: 0,
	},
	{
		name: "ffmpeg 5.1 plays: getStreamLength on stream 0, start −2000, the buffer length behind play",
		script: () =>
			new ClientScript()
				.connect("live", { flashVer: "LNX 9,0,124,2" })
				.control(5, 2_500_000)
				.command(3, 0, "createStream", 2)
				.command(3, 0, "FCSubscribe", 3, null, "cam")
				.command(8, 0, "getStreamLength", 4, null, "cam")
				.command(8, 1, "play", 5, null, "mp4:sample.mp4?t=1", -2000)
				.userControl(EVENT_SET_BUFFER_LENGTH, 1, 3000),
		events: ["connect live _definst_ - 0", "play #1 mp4:sample.mp4 -2000 -1000 true"],
		sent: [
			...CONNECTED,
			"_result #0 2 null 1",
			"_result #0 3 null undefined",
			'onFCSubscribe #0 0 null "NetStream.Play.Start"',
			"_result #0 4 null 0",
			...playStarted(1),
		],
		facts: session => session.connection.streams.get(1)!.bufferMillis,
		expected: 3000,
	},
	{
		name: "rtmpdump --live plays: the buffer length of stream 0 first, its second one with header type 3",
		script: () =>
			new ClientScript()
				.connect()
				.control(5, 2_500_000)
				.userControl(EVENT_SET_BUFFER_LENGTH, 0, 300)
				.command(3, 0, "createStream", 2)
				.command(3, 0, "FCSubscribe", 3, null, "cam")
				.command(3, 0, "_checkbw", 4)
				.command(8, 1, "play", 5, null, "cam", -1000)
				.raw(bytesOf("c2 0003 00000001 02255100"))
				.command(8, 0, "pause", 6, null, true, 1500)
				.command(8, 0, "pause", 7, null, false, 1500),
		events: [
			"connect live _definst_ - 0",
			"call _checkbw 4 ",
			"play #1 cam -1000 -1000 true",
			"pause #1 true 1500",
			"pause #1 false 1500",
		],
		sent: [
			...CONNECTED,
			"_result #0 2 null 1",
			"_result #0 3 null undefined",
			'onFCSubscribe #0 0 null "NetStream.Play.Start"',
			...playStarted(1),
		],
		facts: session => session.connection.streams.get(1)!.bufferMillis,
		expected: 36_000_000,
	},
	{
		name: "OBS publishes: its chunk size before connect, everything of the stream on 4",
		script: () =>
			new ClientScript()
				.chunkSize(4096)
				.connect("live", { type: "nonprivate", flashVer: "FMLE/3.0 (compatible; FMSc/1.0)", swfUrl: "rtmp://h/live" })
				.command(3, 0, "releaseStream", 2, null, "cam")
				.command(3, 0, "FCPublish", 3, null, "cam")
				.command(3, 0, "createStream", 4)
				.command(4, 1, "publish", 5, null, "cam", "live")
				.data(4, 1, "@setDataFrame", "onMetaData", METADATA)
				.message(4, 8, 0, 1, SOUND)
				.message(4, 9, 0, 1, PICTURE)
				.message(4, 8, 23, 1, SOUND)
				.message(4, 8, 46, 1, SOUND)
				.message(4, 8, 69, 1, SOUND)
				.command(3, 0, "FCUnpublish", 6, null, "cam")
				.command(3, 0, "deleteStream", 7, null, 1),
		events: [
			"connect live _definst_ - 0",
			"publish #1 cam live -",
			"media #1 18 0 53",
			"media #1 8 0 300",
			"media #1 9 0 6000",
			"media #1 8 23 300",
			"media #1 8 46 300",
			"media #1 8 69 300",
			"unpublish #1 cam",
		],
		sent: [
			...CONNECTED,
			"_result #0 2 null undefined",
			"_result #0 3 null undefined",
			'onFCPublish #0 0 null "NetStream.Publish.Start"',
			"_result #0 4 null 1",
			...publishStarted(1),
			"_result #0 6 null undefined",
			'onFCUnpublish #0 0 null "NetStream.Unpublish.Success"',
			unpublished(1),
		],
	},
	{
		name: "OBS multitrack: streams are created in one go, with ids in order",
		script: () =>
			new ClientScript()
				.connect()
				.command(3, 0, "createStream", 2)
				.command(3, 0, "createStream", 3)
				.command(3, 0, "createStream", 4)
				.command(3, 0, "deleteStream", 0, null, 2)
				.command(3, 0, "createStream", 5),
		events: ["connect live _definst_ - 0"],
		sent: [...CONNECTED, "_result #0 2 null 1", "_result #0 3 null 2", "_result #0 4 null 3", "_result #0 5 null 2"],
	},
	{
		name: "GStreamer publishes and plays: start −2, closeStream and deleteStream on stream 0 with the name",
		script: () =>
			new ClientScript()
				.connect("live", { type: "nonprivate" })
				.command(3, 0, "releaseStream", 2, null, "cam")
				.command(3, 0, "FCPublish", 3, null, "cam")
				.command(3, 0, "createStream", 4)
				.command(4, 1, "publish", 5, null, "cam", "live")
				.message(6, 9, 0, 1, PICTURE)
				.command(3, 0, "createStream", 6)
				.command(4, 2, "play", 7, null, "other", -2)
				.command(3, 0, "closeStream", 0, null, "cam?x=1")
				.command(3, 0, "deleteStream", 0, null, "cam")
				.command(3, 0, "deleteStream", 0, null, "../cam")
				.command(3, 0, "deleteStream", 0, null, "nobody"),
		events: [
			"connect live _definst_ - 0",
			"publish #1 cam live -",
			"media #1 9 0 6000",
			"play #2 other -2000 -1000 true",
			"unpublish #1 cam",
		],
		sent: [
			...CONNECTED,
			"_result #0 2 null undefined",
			"_result #0 3 null undefined",
			'onFCPublish #0 0 null "NetStream.Publish.Start"',
			"_result #0 4 null 1",
			...publishStarted(1),
			"_result #0 6 null 2",
			...playStarted(2),
			unpublished(1),
		],
		facts: session => [...session.connection.streams.keys()],
		expected: [2],
	},
	{
		name: "Flash Player with object encoding 3: type 17, several NetStreams, calls, pause, seek and filters",
		script: () =>
			new ClientScript()
				.connect("live/room", { flashVer: "WIN 32,0,0,465", objectEncoding: 3, capabilities: 239 })
				.command3(3, 0, "createStream", 2)
				.command3(3, 0, "createStream", 3)
				.command3(8, 1, "publish", 0, null, "cam", "record")
				.command3(8, 2, "receiveAudio", 0, null, false)
				.command3(8, 2, "play", 0, null, "film", 1000, 5000, 2)
				.command3(8, 2, "receiveVideo", 0, null, false)
				.command3(8, 2, "receiveVideoFPS", 0, null, 15)
				.command3(8, 2, "pause", 0, null, true, 250)
				.command3(8, 2, "pauseRaw", 0, null, false, 250)
				.command3(8, 2, "seek", 0, null, 4000)
				.message(6, 9, 10, 1, SOUND)
				.message(5, 15, 10, 1, bytesOf("00 020003 666f6f"))
				.command3(3, 0, "add", 4, null, 1, { list: [2] })
				.command3(3, 0, "note", 0, null, "x")
				.command3(8, 2, "play", 0, null, false)
				.command3(8, 1, "closeStream", 0)
				.command3(3, 0, "deleteStream", 0, null, 1)
				.command3(3, 0, "deleteStream", 0, null, 2),
		events: [
			"connect live room - 3",
			"publish #1 cam record -",
			"play #2 film 1000 5000 false at once",
			"receive #2 false false",
			"receive #2 false true",
			"pause #2 true 250",
			"pause #2 false 250 raw",
			"seek #2 4000",
			"media #1 9 10 300",
			"media #1 15 10 7",
			'call add 4 1 {"list":[2]}',
			'call note 0 "x"',
			"stop #2 film",
			"unpublish #1 cam",
		],
		sent: [
			...CONNECTED,
			"_result #0 2 null 1",
			"_result #0 3 null 2",
			...publishStarted(1),
			"begin 2",
			'onStatus #2 0 null "NetStream.Play.Start"',
			"data #2 |RtmpSampleAccess true true",
			'onStatus #2 0 null "NetStream.Play.Stop"',
			unpublished(1),
		],
	},
	{
		name: "ffmpeg that did not take its id publishes and sends media on stream 0",
		script: () =>
			new ClientScript()
				.connect()
				.command(3, 0, "createStream", 2)
				.command(8, 0, "publish", 3, null, "cam", "live")
				.message(6, 9, 0, 0, SOUND)
				.message(6, 9, 0, 7, SOUND),
		events: ["connect live _definst_ - 0", "publish #1 cam live -", "media #1 9 0 300"],
		sent: [...CONNECTED, "_result #0 2 null 1", ...publishStarted(1)],
		facts: session => session.connection.strayMessages,
		expected: 1,
	},
	{
		name: "an encoder with everything in the server's address and an empty key",
		script: () =>
			new ClientScript()
				.connect("live/a/cam?key=1")
				.command(3, 0, "createStream", 2)
				.command(8, 1, "publish", 3, null, "", "live")
				.command(3, 0, "FCUnpublish", 4, null, ""),
		events: ["connect live a/cam key=1 0", "publish #1 cam live key=1", "unpublish #1 cam"],
		sent: [
			...CONNECTED,
			"_result #0 2 null 1",
			...publishStarted(1),
			"_result #0 4 null undefined",
			'onFCUnpublish #0 0 null "NetStream.Unpublish.Success"',
			unpublished(1),
		],
		facts: session => session.connection.streams.get(1)!.instance,
		expected: "a",
	},
	{
		name: "GStreamer with everything in the address: an empty name in deleteStream means every stream",
		script: () =>
			new ClientScript()
				.connect("live/cam")
				.command(3, 0, "createStream", 2)
				.command(8, 1, "publish", 3, null, "", "live")
				.command(3, 0, "closeStream", 0, null, "")
				.command(8, 1, "publish", 4, null, "", "live")
				.command(3, 0, "deleteStream", 0, null, ""),
		events: [
			"connect live cam - 0",
			"publish #1 cam live -",
			"unpublish #1 cam",
			"publish #1 cam live -",
			"unpublish #1 cam",
		],
		sent: [...CONNECTED, "_result #0 2 null 1", ...publishStarted(1), unpublished(1), ...publishStarted(1)],
		facts: session => session.connection.streams.size,
		expected: 0,
	},
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
