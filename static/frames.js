/** Work that is done at most once in an animation frame, however often it is asked for. */

export function inFrames(draw) {
  let frame = 0;
  return () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  };
}
