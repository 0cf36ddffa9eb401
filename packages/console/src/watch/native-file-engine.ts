import type { FileEngine, FileEngineHandler } from "./flv-file-engine.ts";

/** Plays a file that browsers know by themselves (MP4, MP3) on `video`, by byte ranges, from `start` seconds on. */
export function createNativeFileEngine(
	video: HTMLVideoElement,
	url: string,
	start: number,
	handler: FileEngineHandler,
): FileEngine {
	const onError = () => {
		const { error } = video;
		const said = error?.message || "The browser gives no reason.";
		const isNetwork = error?.code === MediaError.MEDIA_ERR_NETWORK;
		if (isNetwork) handler.onBroken(said);
		else handler.onUnsupported(`This browser cannot play the file. (${said})`);
	};
	video.addEventListener("error", onError);
	video.src = url;
	if (start > 0) video.currentTime = start;
	return {
		destroy() {
			video.removeEventListener("error", onError);
			video.removeAttribute("src");
			video.load();
		},
	};
}
