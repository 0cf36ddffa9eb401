import { runProgram } from "./program.ts";

/** One packet of a stream as ffprobe, or another reader that is not ours, sees it. */
export type MediaPacket = {
	readonly kind: "video" | "audio" | "data";
	/** Decode time in milliseconds. */
	readonly dts: number;
	/** Presentation time in milliseconds. */
	readonly pts: number;
	readonly isKey: boolean;
	/** Bytes of the coded data. */
	readonly size: number;
	/** SHA-256 of the coded data, in hexadecimal. */
	readonly hash: string;
};

/** The packets of a media file in the order of the file, by ffprobe. Throws with ffprobe's words when it cannot read it. */
export async function probePackets(path: string): Promise<MediaPacket[]> {
	const args = [
		...["-v", "error", "-show_packets", "-show_data_hash", "sha256", "-of", "json"],
		...["-show_entries", "packet=codec_type,pts_time,dts_time,flags,size,data_hash", path],
	];
	const { stdout } = await runProgram("ffprobe", args, { keepBytes: 256_000_000 });
	const { packets } = JSON.parse(stdout) as { packets?: ProbedPacket[] };
	return (packets ?? []).map(packet => {
		// Where a container tells only one of both times, they are the same.
		const dts = millis(packet.dts_time ?? packet.pts_time);
		return {
			kind: packet.codec_type === "video" || packet.codec_type === "audio" ? packet.codec_type : "data",
			dts,
			pts: packet.pts_time === undefined ? dts : millis(packet.pts_time),
			isKey: packet.flags.includes("K"),
			size: Number(packet.size),
			hash: packet.data_hash?.replace(/^SHA256:/i, "") ?? "",
		};
	});
}

type ProbedPacket = {
	readonly codec_type: string;
	readonly pts_time?: string;
	readonly dts_time?: string;
	readonly flags: string;
	readonly size: string;
	readonly data_hash?: string;
};

function millis(seconds: string | undefined): number {
	return Math.round(Number(seconds) * 1000);
}
