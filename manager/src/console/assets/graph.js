// The picture is moved by dragging, made larger by the wheel, two fingers or
// + and -. Its boxes are links already.

const picture = document.querySelector("#graph svg");
const choices = document.getElementById("choices");
const back = document.getElementById("back");

back?.addEventListener("input", () => (choices.querySelector("output").value = back.value));
back?.addEventListener("change", () => choices.requestSubmit());

if (picture) {
  const whole = { ...box() };
  const pointers = new Map();
  let dragged = false;

  function box() {
    const { x, y, width, height } = picture.viewBox.baseVal;
    return { x, y, width, height };
  }

  function show(next) {
    picture.setAttribute("viewBox", `${next.x} ${next.y} ${next.width} ${next.height}`);
  }

  // What is at this place of the screen stays there.
  function zoom(factor, clientX, clientY) {
    const now = box();
    const width = Math.min(Math.max(now.width * factor, whole.width / 20), whole.width * 2);
    const scale = width / now.width;
    const frame = picture.getBoundingClientRect();
    const x = now.x + ((clientX - frame.left) / frame.width) * now.width;
    const y = now.y + ((clientY - frame.top) / frame.height) * now.height;
    show({ x: x - (x - now.x) * scale, y: y - (y - now.y) * scale, width, height: now.height * scale });
  }

  function move(dx, dy) {
    const now = box();
    const frame = picture.getBoundingClientRect();
    const scale = now.width / frame.width;
    show({ ...now, x: now.x - dx * scale, y: now.y - dy * scale });
  }

  picture.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.shiftKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, event.clientX, event.clientY);
  }, { passive: false });

  picture.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, event);
    dragged = false;
  });
  window.addEventListener("pointerup", (event) => pointers.delete(event.pointerId));
  window.addEventListener("pointercancel", (event) => pointers.delete(event.pointerId));
  window.addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    if (!last) return;
    const other = [...pointers.values()].find((one) => one.pointerId !== event.pointerId);
    if (other) {
      const distance = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      zoom(Math.max(distance(last), 1) / Math.max(distance(event), 1), other.clientX, other.clientY);
    } else {
      move(event.clientX - last.clientX, event.clientY - last.clientY);
    }
    dragged ||= Math.hypot(event.clientX - last.clientX, event.clientY - last.clientY) > 2;
    pointers.set(event.pointerId, event);
  });
  // The end of a drag is no click.
  picture.addEventListener("click", (event) => dragged && event.preventDefault(), true);
  picture.addEventListener("dragstart", (event) => event.preventDefault());

  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select")) return;
    const frame = picture.getBoundingClientRect();
    const [x, y] = [frame.left + frame.width / 2, frame.top + frame.height / 2];
    const act = {
      "+": () => zoom(1 / 1.25, x, y),
      "-": () => zoom(1.25, x, y),
      0: () => show(whole),
    }[event.key];
    act?.();
  });
}
