import module from "mpegts.js";

/** The library. Its CommonJS exports are the object itself; its type file claims an ES module around it. */
export const mpegts = module as unknown as typeof module.default;

export type Loader = module.default.BaseLoader;
export type LoaderConstructor = module.default.CustomLoaderConstructor;

/** Who hears why playback cannot go on. */
export type FaultHandler = {
	/** This browser cannot play what is in it; `text` says what. */
	onUnsupported(text: string): void;
	/** The connection, the data or the decoder failed; another try may work. */
	onBroken(text: string): void;
};

/**
 * Tells of what ends the playback of a player on `video`.
 *
 * @returns lets go of the video element
 */
export function reportFaults(
	player: module.default.Player,
	video: HTMLVideoElement,
	what: "stream" | "file",
	handler: FaultHandler,
): () => void {
	player.on(mpegts.Events.ERROR, (_type: string, detail: string, info: { code?: number; msg?: string } | undefined) => {
		const said = info?.msg ?? detail;
		// 9 is DOMException's NotSupportedError: no source buffer for this codec.
		const noCodec = detail === mpegts.ErrorDetails.MEDIA_MSE_ERROR && info?.code === 9;
		if (noCodec || detail === mpegts.ErrorDetails.MEDIA_CODEC_UNSUPPORTED) {
			handler.onUnsupported(`This browser cannot play the ${what}'s video or audio format. (${said})`);
		} else handler.onBroken(said);
	});
	const onVideoError = () => handler.onBroken(video.error?.message || "The browser's decoder failed.");
	video.addEventListener("error", onVideoError);
	return () => video.removeEventListener("error", onVideoError);
}
