/** Bits per second for people: `850 kbit/s`, `2.4 Mbit/s`; a dash where nothing is known. */
export function formatBitrate(bitsPerSecond: number | undefined): string {
	if (bitsPerSecond === undefined || !Number.isFinite(bitsPerSecond)) return "–";
	if (bitsPerSecond < 1_000_000) return `${Math.round(bitsPerSecond / 1000)} kbit/s`;
	return `${(bitsPerSecond / 1_000_000).toFixed(1)} Mbit/s`;
}

/** A time span for people, in its two largest units: `8 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`. */
export function formatDuration(millis: number): string {
	const seconds = Math.max(0, Math.floor(millis / 1000));
	if (seconds < 60) return `${seconds} s`;
	const minutes = Math.floor(seconds / 60);
	if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
	const hours = Math.floor(minutes / 60);
	if (hours < 24) return `${hours} h ${minutes % 60} min`;
	return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A place in a recording, or its length, as players show it: `0:08`, `12:34`, `1:02:03`; a dash where it is not known. */
export function formatClock(seconds: number | undefined): string {
	if (seconds === undefined || !Number.isFinite(seconds)) return "–";
	const whole = Math.max(0, Math.floor(seconds));
	const hours = Math.floor(whole / 3600);
	const minutes = Math.floor(whole / 60) % 60;
	const two = (value: number) => String(value).padStart(2, "0");
	return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A size for people, in units of a thousand as disks are sold: `470 kB`, `1.2 GB`. */
export function formatBytes(bytes: number): string {
	if (bytes < 1000) return `${bytes} B`;
	const power = Math.min(Math.floor(Math.log10(bytes) / 3), SIZE_UNITS.length);
	const value = bytes / 1000 ** power;
	return `${value < 10 && power > 1 ? value.toFixed(1) : Math.round(value)} ${SIZE_UNITS[power - 1]}`;
}

const SIZE_UNITS = ["kB", "MB", "GB", "TB"];

/** A moment in the reader's time zone: `Nov 20, 2026, 10:15 PM`. */
export function formatDate(millis: number): string {
	return new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" }).format(millis);
}

/** `1 viewer`, `3 viewers`: English counts, which is the language of the pages. */
export function formatCount(count: number, one: string, many = `${one}s`): string {
	return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** A codec's name for people from its RFC 6381 string (`avc1.64001f` → `H.264 High 3.1`); others stay as they are. */
export function formatCodec(codec: string | undefined): string {
	if (codec === undefined) return "–";
	const avc = /^avc[13]\.([0-9a-f]{2})[0-9a-f]{2}([0-9a-f]{2})$/i.exec(codec);
	if (avc) {
		const profile = AVC_PROFILES[Number.parseInt(avc[1]!, 16)];
		const level = (Number.parseInt(avc[2]!, 16) / 10).toFixed(1);
		return ["H.264", profile, level].filter(Boolean).join(" ");
	}
	const family = codec.split(".")[0]!.toLowerCase();
	if (codec === "mp4a.40.5" || codec === "mp4a.40.29") return "HE-AAC";
	return FAMILIES[family] ?? codec;
}

const AVC_PROFILES: Record<number, string> = { 66: "Baseline", 77: "Main", 88: "Extended", 100: "High" };

const FAMILIES: Record<string, string> = {
	hvc1: "H.265",
	hev1: "H.265",
	av01: "AV1",
	vp09: "VP9",
	vp08: "VP8",
	mp4a: "AAC",
	opus: "Opus",
	flac: "FLAC",
	"ac-3": "AC-3",
	"ec-3": "E-AC-3",
};
