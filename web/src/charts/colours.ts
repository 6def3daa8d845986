// The colours of the canvas: it knows no CSS variables, so they are looked up when a chart is made.

const probe = document.createElement("span");
probe.hidden = true;

/** What a CSS variable is at the moment. */
export function look(variable: string): string {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(${variable})`;
  return getComputedStyle(probe).color;
}

export interface Colours {
  line: string;
  band: string;
  grid: string;
  text: string;
  gap: string;
  ink: string;
}

export function colours(variable: string): Colours {
  const line = look(variable);
  return {
    line,
    band: line.replace(/^rgb\((.*)\)$/, "rgba($1, 0.2)"),
    grid: look("--line"),
    text: look("--ink-soft"),
    gap: look("--gap"),
    ink: look("--ink"),
  };
}

/** Diagonal hatching for where nothing came. */
export function hatching(context: CanvasRenderingContext2D, colour: string): CanvasPattern | null {
  const tile = document.createElement("canvas");
  const size = Math.round(6 * devicePixelRatio);
  tile.width = tile.height = size;
  const pen = tile.getContext("2d");
  if (!pen) return null;
  pen.strokeStyle = colour;
  pen.lineWidth = devicePixelRatio;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat");
}
