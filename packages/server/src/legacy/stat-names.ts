import type { AmfObject, AmfValue } from "@millrace/core/amf";
import type { ApplicationStats } from "../application/index.ts";

/** Figures under the names that `Application.getStats` gave them. */
export function applicationFigures(stats: ApplicationStats): AmfObject {
	return {
		bw_in: kilobytes(stats.bytesIn),
		bw_out: kilobytes(stats.bytesOut),
		bytes_in: stats.bytesIn,
		bytes_out: stats.bytesOut,
		msg_in: stats.messagesIn,
		msg_out: stats.messagesOut,
		msg_dropped: stats.messagesDropped,
		server_bytes_in: stats.bytesIn,
		server_bytes_out: stats.bytesOut,
		total_connects: stats.connects,
		total_disconnects: stats.disconnects,
	};
}

/** Figures under the names that `Client.getStats` gave them. Shared objects never wait for a client's network. */
export function clientFigures(stats: Readonly<Record<string, AmfValue>>): AmfObject {
	const queued = record(stats["queued"]);
	const dropped = record(stats["dropped"]);
	return {
		bytes_in: count(stats["bytesIn"]),
		bytes_out: count(stats["bytesOut"]),
		msg_in: count(stats["messagesIn"]),
		msg_out: count(stats["messagesOut"]),
		msg_dropped: count(stats["messagesDropped"]),
		ping_rtt: count(stats["pingMillis"]),
		audio_queue_msgs: count(queued["audioMessages"]),
		video_queue_msgs: count(queued["videoMessages"]),
		so_queue_msgs: 0,
		data_queue_msgs: count(queued["dataMessages"]),
		dropped_audio_msgs: count(dropped["audioMessages"]),
		dropped_video_msgs: count(dropped["videoMessages"]),
		audio_queue_bytes: count(queued["audioBytes"]),
		video_queue_bytes: count(queued["videoBytes"]),
		so_queue_bytes: 0,
		data_queue_bytes: count(queued["dataBytes"]),
		dropped_audio_bytes: count(dropped["audioBytes"]),
		dropped_video_bytes: count(dropped["videoBytes"]),
		bw_in: count(stats["bytesPerSecondIn"]),
		bw_out: count(stats["bytesPerSecondOut"]),
	};
}

function kilobytes(bytes: number): number {
	return Math.round(bytes / 1024);
}

function record(value: AmfValue): Readonly<Record<string, AmfValue>> {
	return typeof value === "object" && value !== null ? (value as AmfObject) : {};
}

function count(value: AmfValue): number {
	return typeof value === "number" ? value : 0;
}
