import { AmfEcmaArray } from "../amf/index.ts";
import { bytesOf, patternOf } from "./chunk-case.ts";
import { EVENT_SET_BUFFER_LENGTH } from "./message/user-control.ts";
import { CONNECTED, playStarted, publishStarted, type Scenario, SOUND, unpublished } from "./server-scenario-part.ts";
import { ClientScript } from "./server-session.ts";

/** The answers to `releaseStream`, `FCPublish` and `createStream`, in transactions 2 to 4. */
const PREPARED = [
	"_result #0 2 null undefined",
	"_result #0 3 null undefined",
	'onFCPublish #0 0 null "NetStream.Publish.Start"',
	"_result #0 4 null 1",
];
const METADATA = new AmfEcmaArray([["width", 640]]);
/** Longer than a chunk. */
const PICTURE = patternOf(6000);

/** The measured sequences of the clients that the dossier of RTMP names. */
export const PROGRAM_SCENARIOS: readonly Scenario[] = [
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
			...PREPARED,
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
			...PREPARED,
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
		sent: [...CONNECTED, ...PREPARED, ...publishStarted(1), "_result #0 6 null 2", ...playStarted(2), unpublished(1)],
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
];
