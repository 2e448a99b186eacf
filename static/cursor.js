/** Pure: `<attempt>.<seq>`, an event's id without its run. */
export function cursorOf(id) {
  return id.split(".").slice(1).join(".");
}
