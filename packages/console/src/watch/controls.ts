import { pageElement } from "../shared/page-element.ts";
import { setIcon } from "./icon.ts";

/**
 * The player's buttons and keys (space or K: play, M: sound, F: full screen). Playback starts muted, because browsers
 * let nothing else start by itself; a large button offers the sound.
 */
export function connectControls(video: HTMLVideoElement, toLiveEdge: () => void): void {
	const player = pageElement("player", HTMLElement);
	const play = pageElement("play", HTMLButtonElement);
	const mute = pageElement("mute", HTMLButtonElement);
	const unmute = pageElement("unmute", HTMLButtonElement);
	const volume = pageElement("volume", HTMLInputElement);
	const fullscreen = pageElement("fullscreen", HTMLButtonElement);
	const pip = pageElement("pip", HTMLButtonElement);
	let soundOffered = false;

	const showPlay = () => setIcon(play, video.paused ? "play" : "pause", video.paused ? "Play" : "Pause");
	const showSound = () => {
		const silent = video.muted || video.volume === 0;
		setIcon(mute, silent ? "silent" : "sound", silent ? "Sound on" : "Sound off");
		volume.value = String(silent ? 0 : video.volume);
		if (!silent) soundOffered = true;
		unmute.hidden = soundOffered || !silent || video.readyState < 2;
	};
	const showFullscreen = () => {
		const full = document.fullscreenElement !== null;
		setIcon(fullscreen, full ? "window" : "fullscreen", full ? "Leave full screen" : "Full screen");
	};
	const togglePlay = () => {
		if (!video.paused) {
			video.pause();
			return;
		}
		toLiveEdge();
		video.play().catch((error: unknown) => console.warn("Playback did not start:", error));
	};
	const soundOn = () => {
		video.muted = false;
		if (video.volume === 0) video.volume = 1;
	};
	const toggleSound = () => {
		soundOffered = true;
		if (video.muted || video.volume === 0) soundOn();
		else video.muted = true;
	};
	const toggleFullscreen = () => {
		const asked = document.fullscreenElement ? document.exitFullscreen() : enterFullscreen(player, video);
		asked.catch((error: unknown) => console.warn("Full screen was refused:", error));
	};

	play.addEventListener("click", togglePlay);
	mute.addEventListener("click", toggleSound);
	unmute.addEventListener("click", () => {
		soundOn();
		player.focus();
	});
	volume.addEventListener("input", () => {
		soundOffered = true;
		video.volume = Number(volume.value);
		video.muted = video.volume === 0;
	});
	fullscreen.addEventListener("click", toggleFullscreen);
	pageElement("live", HTMLButtonElement).addEventListener("click", () => {
		toLiveEdge();
		if (video.paused) togglePlay();
	});
	pip.hidden = !document.pictureInPictureEnabled;
	setIcon(pip, "pip", "Picture in picture");
	pip.addEventListener("click", () => {
		const asked = document.pictureInPictureElement ? document.exitPictureInPicture() : video.requestPictureInPicture();
		asked.catch((error: unknown) => console.warn("Picture in picture was refused:", error));
	});
	video.addEventListener("click", togglePlay);
	for (const event of ["play", "pause"]) video.addEventListener(event, showPlay);
	// The first picture may be gone again when it is told of, where the page goes to the live edge at once.
	for (const event of ["volumechange", "loadeddata", "playing", "emptied"]) video.addEventListener(event, showSound);
	document.addEventListener("fullscreenchange", showFullscreen);
	document.addEventListener("keydown", event => {
		if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
		const onButton = event.target instanceof HTMLElement && event.target.closest("button, a, summary") !== null;
		if (event.key === " " && onButton) return;
		const actions: Record<string, () => void> = { " ": togglePlay, k: togglePlay, m: toggleSound, f: toggleFullscreen };
		const action = actions[event.key];
		if (!action) return;
		event.preventDefault();
		action();
	});
	showPlay();
	showSound();
	showFullscreen();
}

/** Safari on the telephone has full screen for the video alone. */
async function enterFullscreen(player: HTMLElement, video: HTMLVideoElement): Promise<void> {
	if (typeof player.requestFullscreen === "function") return player.requestFullscreen();
	const phone = video as HTMLVideoElement & { webkitEnterFullscreen?: () => void };
	phone.webkitEnterFullscreen?.();
}
