import type { AmfObject } from "@millrace/core/amf";
import type { ClientStats, InstanceStats } from "../app/index.ts";

/** Figures under the names that `Application.getStats` gave them. */
export function applicationFigures(stats: InstanceStats): AmfObject {
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
export function clientFigures({ queued, dropped, ...stats }: ClientStats): AmfObject {
	return {
		bytes_in: stats.bytesIn,
		bytes_out: stats.bytesOut,
		msg_in: stats.messagesIn,
		msg_out: stats.messagesOut,
		msg_dropped: stats.messagesDropped,
		ping_rtt: stats.pingMillis ?? 0,
		audio_queue_msgs: queued.audioMessages,
		video_queue_msgs: queued.videoMessages,
		so_queue_msgs: 0,
		data_queue_msgs: queued.dataMessages,
		dropped_audio_msgs: dropped.audioMessages,
		dropped_video_msgs: dropped.videoMessages,
		audio_queue_bytes: queued.audioBytes,
		video_queue_bytes: queued.videoBytes,
		so_queue_bytes: 0,
		data_queue_bytes: queued.dataBytes,
		dropped_audio_bytes: dropped.audioBytes,
		dropped_video_bytes: dropped.videoBytes,
		bw_in: stats.bytesPerSecondIn,
		bw_out: stats.bytesPerSecondOut,
	};
}

function kilobytes(bytes: number): number {
	return Math.round(bytes / 1024);
}
