import { Backup } from "./backup";
import { Firmware } from "./firmware";
import { Licences } from "./licences";

export function MaintenanceTab() {
  return (
    <>
      <Backup />
      <Firmware />
      <Licences />
    </>
  );
}
