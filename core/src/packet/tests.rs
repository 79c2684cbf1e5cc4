extern crate std;

use super::*;
use std::format;
use std::string::String;
use std::vec::Vec;

/// A packet as one line, as far as it is known.
fn shown(line: &str) -> String {
    let Some(packet) = read(line.as_bytes()) else { return "none".into() };
    let text =
        |text: Option<&[u8]>| text.map_or("-".into(), |text| String::from_utf8_lossy(text).into_owned());
    let end = |address: Option<IpAddr>, port: Option<u16>| {
        let address = address.map_or("-".into(), |address| format!("{address}"));
        port.map_or(address.clone(), |port| format!("{address}#{port}"))
    };
    let flags: String = packet.flags.letters().collect();
    format!(
        "{}{} {:?} {} {}>{} {}>{} {flags} {} {}",
        packet.format.name(),
        if packet.is_whole() { "" } else { "?" },
        packet.action,
        packet.protocol.map_or("-".into(), |protocol| match protocol.name() {
            Some(name) => String::from_utf8_lossy(name).into_owned(),
            None => format!("{protocol:?}"),
        }),
        text(packet.in_interface),
        text(packet.out_interface),
        end(packet.src, packet.sport),
        end(packet.dst, packet.dport),
        text(packet.rule),
        text(packet.device),
    )
}

/// Lines as they are, and what is understood of them.
const LINES: &[(&str, &str)] = &[
    (
        "Jun  8 14:34:33 fw kernel: [50028442.088484] IN=enp1s0 OUT= MAC=00:08:a2 SRC=192.0.2.7 DST=198.51.100.1 LEN=40 TOS=0x00 PREC=0x00 TTL=245 ID=37308 PROTO=TCP SPT=8080 DPT=8123 WINDOW=1024 RES=0x00 SYN URGP=0",
        "netfilter Unknown TCP enp1s0>- 192.0.2.7#8080>198.51.100.1#8123 S - fw",
    ),
    (
        "[UFW BLOCK] IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.1 LEN=40 PROTO=TCP SPT=1 DPT=2 RST ACK ECE CWR URGP=0",
        "netfilter Drop TCP eth0>- 192.0.2.7#1>198.51.100.1#2 12AR UFW BLOCK -",
    ),
    (
        "Jun 13 23:29:15 gw gw [WAN_LOCAL-D-2147483647] DESCR=\"[WAN_LOCAL]Block All Traffic\" IN=eth8 OUT= SRC=192.0.2.7 DST=198.51.100.1 LEN=122 PROTO=UDP SPT=38451 DPT=54329 LEN=102 MARK=1a0000",
        "netfilter Drop UDP eth8>- 192.0.2.7#38451>198.51.100.1#54329  WAN_LOCAL-D-2147483647 gw",
    ),
    (
        "kernel: [WAN_OUT-default-A]IN=eth0 OUT=eth1 SRC=192.0.2.7 DST=198.51.100.1 PROTO=47",
        "netfilter Allow GRE eth0>eth1 192.0.2.7>198.51.100.1  WAN_OUT-default-A -",
    ),
    (
        "kernel: REJECT wan in: IN=wan OUT= SRC=2001:0db8:0000:0000:0000:0000:0000:0007 DST=2001:db8::1 LEN=80 TC=0 HOPLIMIT=52 FLOWLBL=0 PROTO=ICMPv6 TYPE=128 CODE=0",
        "netfilter Reject ICMPv6 wan>- 2001:db8::7>2001:db8::1  REJECT wan in -",
    ),
    (
        "kernel: IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.1 PROTO=ICMP TYPE=3 CODE=1 [SRC=198.51.100.1 DST=203.0.113.9 PROTO=UDP SPT=5 DPT=6 ]",
        "netfilter Unknown ICMP eth0>- 192.0.2.7>198.51.100.1  - -",
    ),
    (
        "0 3 PVEFW-HOST-IN 20/Jun/2022:13:09:14 +0200 policy DROP: IN=vmbr0 PHYSIN=eth0 SRC=192.0.2.7 DST=198.51.100.1 PROTO=UDP SPT=137 DPT=137",
        "netfilter Drop UDP vmbr0>- 192.0.2.7#137>198.51.100.1#137  - -",
    ),
    (
        "Sat Nov 21 07:29:50 2026 kern.warn kernel: [  203.842973] DROP wan in: IN=wan OUT= SRC=192.0.2.7 DST=198.51.100.1 LEN=76 PROTO=UDP SPT=49007 DPT=5",
        "netfilter Drop UDP wan>- 192.0.2.7#49007>198.51.100.1#5  DROP wan in -",
    ),
    (
        "kernel: DROP IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.999 LEN=76 PROTO=UDP SPT=49007",
        "netfilter? Drop UDP eth0>- 192.0.2.7#49007>-  DROP -",
    ),
    (
        "Sep 28 10:38:24 pf filterlog: 53,,,1000102631,em0,match,block,in,4,0x0,,64,600,0,none,6,tcp,44,192.0.2.7,198.51.100.1,53792,22,0,SEW,31552001,,65535,,mss",
        "pf Drop TCP em0>- 192.0.2.7#53792>198.51.100.1#22 12S 1000102631 pf",
    ),
    (
        "<134>1 2022-09-06T19:00:06+02:00 opnsense filterlog 57126 - [meta sequenceId=\"2\"] 98,,,64d253df-ef65,re0,match,pass,out,6,0x00,0x0ea87,51,udp,17,73,2001:db8::7,2001:db8::1,6881,51918,73",
        "pf Allow UDP ->re0 2001:db8::7#6881>2001:db8::1#51918  64d253df-ef65 opnsense",
    ),
    (
        "filterlog: 5,,,1,em0,match,block,in,4,0x0,,64,600,0,none,1,icmp,44,192.0.2.7,198.51.100.1,request,2,3",
        "pf Drop ICMP em0>- 192.0.2.7>198.51.100.1  1 -",
    ),
    ("filterlog: 5,,,1,em0,match,block,in,4,0x0", "none"),
    (
        "Mar 30 15:33:26 fw pf: rule 5/0(match): block in on em0: 192.0.2.7.40000 > 198.51.100.1.81: Flags [S], seq 1, win 16384, length 0",
        "pflog Drop TCP em0>- 192.0.2.7#40000>198.51.100.1#81 S 5/0 fw",
    ),
    (
        "Mar 30 15:54:22.171929 rule 3/(match) pass out on xl0: 192.0.2.7.1514 > 198.51.100.1.1030:  udp 73",
        "pflog Allow UDP ->xl0 192.0.2.7#1514>198.51.100.1#1030  3/ -",
    ),
    (
        "rule 5/0(match): block in on em0: 2001:db8::7 > 2001:db8::1: ICMP6, echo request, id 1, length 64",
        "pflog Drop ICMPv6 em0>- 2001:db8::7>2001:db8::1  5/0 -",
    ),
    (
        "rule 2/(match) block in on em0: 2001:db8::7.40000 > 2001:db8::1.81: S 1:1(0) win 16384 (DF)",
        "pflog Drop TCP em0>- 2001:db8::7#40000>2001:db8::1#81 S 2/ -",
    ),
    (
        "rule 5/0(match): block in on em0: 192.0.2.7.40000 ? 198.51.100.1.81",
        "pflog? Drop - em0>- 192.0.2.7#40000>-  5/0 -",
    ),
    (
        "rule 7/0(match): block in on em0: 192.0.2.7 > 198.51.100.1: ESP(spi=0x00000007,seq=0x1), length 64",
        "pflog Drop ESP em0>- 192.0.2.7>198.51.100.1  7/0 -",
    ),
    (
        "rule 7/0(match): block in on em0: 192.0.2.7 > 198.51.100.1: GREv0, length 64",
        "pflog Drop GRE em0>- 192.0.2.7>198.51.100.1  7/0 -",
    ),
    ("su: by rule x (match) pass the salt", "none"),
    (
        "2023-03-18T20:36:59.594792+01:00 10.0.0.1 firewall,info drop-tcp input: in:ether1-WAN out:(unknown 0), connection-state:new src-mac 00:17:10, proto TCP (SYN), 192.0.2.7:59388->198.51.100.1:23, len 40",
        "mikrotik Drop TCP ether1-WAN>- 192.0.2.7#59388>198.51.100.1#23 S drop-tcp input 10.0.0.1",
    ),
    (
        "2026-05-31T00:04:27+02:00 gw firewall,info forward: in:WAN out:LAN, proto TCP (SYN,ACK), [2001:db8::7]:40384->[2001:db8::1]:20461, NAT 192.0.2.9:1->(192.0.2.8:2->192.0.2.7:3), len 24",
        "mikrotik Unknown TCP WAN>LAN 2001:db8::7#40384>2001:db8::1#20461 AS forward gw",
    ),
    (
        "firewall,info input: in:WAN out:(unknown 0), proto ICMP (type 8, code 0), 192.0.2.7->198.51.100.1, len 56",
        "mikrotik Unknown ICMP WAN>- 192.0.2.7>198.51.100.1  input -",
    ),
    (
        "Nov 21 2026 07:29:50: %ASA-4-106023: Deny tcp src outside:192.0.2.7/2143 dst inside:198.51.100.1/139 by access-group \"outside_in\" [0x0, 0x0]",
        "cisco Drop TCP outside>inside 192.0.2.7#2143>198.51.100.1#139  outside_in -",
    ),
    (
        "Sep  1 10:25:29 10.10.10.1 %SEC-6-IPACCESSLOGP: list 102 denied tcp 192.0.2.7(3067) -> 198.51.100.1(139), 3 packets",
        "cisco Drop TCP ->- 192.0.2.7#3067>198.51.100.1#139  102 10.10.10.1",
    ),
    (
        "%PIX-2-106001: Inbound TCP connection denied from 192.0.2.7/3854 to 198.51.100.1/139 flags SYN on interface outside",
        "cisco Drop TCP ->- 192.0.2.7#3854>198.51.100.1#139 S - -",
    ),
    (
        "%PIX-7-710005: UDP request discarded from nowhere to outside:198.51.100.1/4500",
        "cisco? Drop UDP ->outside ->198.51.100.1#4500  - -",
    ),
    (
        "%ASA-6-302013: Built outbound TCP connection 11 for outside:192.0.2.7/443 (192.0.2.7/443) to inside:198.51.100.1/4000 (198.51.100.1/4000)",
        "cisco Allow TCP inside>outside 198.51.100.1#4000>192.0.2.7#443  - -",
    ),
    (
        "1,2021/07/15 11:58:58,1321,TRAFFIC,drop,0,2021/07/15 11:59:02,192.0.2.7,198.51.100.1,,,DENY-ALL,,,not-applicable,vsys1,UNTRUST,TRUST,ethernet1/1,,PAN,2021/07/15 11:59:02,0,1,500,501,0,0,0x0,udp,deny,0",
        "paloalto Drop UDP ethernet1/1>- 192.0.2.7#500>198.51.100.1#501  DENY-ALL -",
    ),
    (
        "date=2026-11-21 time=07:29:50 devname=\"fgt\" devid=\"FG1\" type=\"traffic\" srcip=192.0.2.7 srcport=40022 srcintf=\"wan1\" dstip=198.51.100.1 dstport=22 dstintf=\"root\" proto=6 action=\"deny\" policyid=0 service=\"SSH\"",
        "fortigate Drop TCP wan1>root 192.0.2.7#40022>198.51.100.1#22  0 -",
    ),
    (
        "ns: NetScreen device_id=ns  [Root]system-notification-00257(traffic): start_time=\"2026-11-21\" service=tcp/port:23 proto=6 src zone=Untrust dst zone=Trust action=Deny sent=0 rcvd=0 src=192.0.2.7 dst=198.51.100.1 src_port=1022 dst_port=23",
        "netscreen Drop TCP ->- 192.0.2.7#1022>198.51.100.1#23  - -",
    ),
    (
        "1 2026-11-21T07:29:50.803Z srx RT_FLOW - RT_FLOW_SESSION_DENY [junos@2636.1.1.1.2.39 source-address=\"192.0.2.7\" source-port=\"1080\" destination-address=\"198.51.100.1\" destination-port=\"8010\" protocol-id=\"17\" policy-name=\"deny\" source-zone-name=\"untrust\" destination-zone-name=\"trust\"]",
        "junos Drop UDP untrust>trust 192.0.2.7#1080>198.51.100.1#8010  deny -",
    ),
    (
        "RT_FLOW: RT_FLOW_SESSION_CREATE: session created 192.0.2.7/1080->198.51.100.1/80 junos-http 6",
        "junos? Allow - ->- 192.0.2.7#1080>198.51.100.1#80  - -",
    ),
    (
        "id=firewall sn=00301E0526B1 time=\"2004-04-01 10:39:35\" fw=203.0.113.1 pri=5 c=64 m=36 msg=\"TCP connection dropped\" n=2686 src=192.0.2.7:4507:WAN dst=198.51.100.1:445:LAN proto=tcp/445 rule=0",
        "sonicwall Drop TCP WAN>LAN 192.0.2.7#4507>198.51.100.1#445  0 -",
    ),
    (
        "id=firewall sn=C0 time=\"2019\" fw=203.0.113.1 msg=\"multicast IPv6 packet dropped\" srcV6=fe80::9851 src=:49702:X0-V514 dstV6=ff02::1:3 dst=:5355 proto=udp/5355",
        "sonicwall Drop UDP X0-V514>- fe80::9851#49702>ff02::1:3#5355  - -",
    ),
    (
        "device=\"SFW\" date=2019-10-09 log_type=\"Firewall\" log_subtype=\"Denied\" status=\"Deny\" fw_rule_id=14 in_interface=\"Port2\" out_interface=\"\" src_ip=192.0.2.7 dst_ip=198.51.100.1 protocol=\"TCP\" src_port=40022 dst_port=22",
        "sophos Drop TCP Port2>- 192.0.2.7#40022>198.51.100.1#22  14 -",
    ),
    (
        "Oct  5 2018 10:52:19 USG6300 %%01POLICY/6/POLICYPERMIT(l):vsys=public, protocol=17, source-ip=192.0.2.7, source-port=2426, destination-ip=198.51.100.1, destination-port=2234, time=2018/10/5 09:52:19, source-zone=dmz, destination-zone=untrust, rule-name=Internet Access.",
        "huawei Allow UDP dmz>untrust 192.0.2.7#2426>198.51.100.1#2234  Internet USG6300",
    ),
    (
        "2026-11-21 gw CheckPoint 1234 - [action:\"Drop\"; ifname:\"eth0\"; src:\"192.0.2.7\"; dst:\"198.51.100.1\"; proto:\"6\"; s_port:\"40022\"; service:\"22\"; product:\"VPN-1 & FireWall-1\"]",
        "checkpoint Drop TCP ->- 192.0.2.7#40022>198.51.100.1#22  - -",
    ),
    (
        "Nov 21 07:29:50 gw CEF:0|Ubiquiti|UniFi Network|9.4.19|201|Blocked by Firewall|7|act=blocked deviceInboundInterface=eth8 dpt=22 dst=198.51.100.1 msg=a man said src is odd proto=TCP spt=40022 src=192.0.2.7",
        "cef Drop TCP eth8>- 192.0.2.7#40022>198.51.100.1#22  - gw",
    ),
    (
        "LEEF:2.0|Maker|Box|1|deny|^|src=192.0.2.7^dst=198.51.100.1^srcPort=40022^dstPort=22^proto=TCP^action=deny",
        "leef Drop TCP ->- 192.0.2.7#40022>198.51.100.1#22  - -",
    ),
    (
        "Mar  3 10:09:00 fw4 kernel: ipfw: 100 Deny TCP 192.0.2.7:4500 198.51.100.1:23 in via fxp0",
        "ipfw Drop TCP fxp0>- 192.0.2.7#4500>198.51.100.1#23  100 fw4",
    ),
    (
        "Mar  3 10:09:00 fw4 ipfw: 101 Accept ICMP:8.0 192.0.2.7 198.51.100.1 out via em1",
        "ipfw Allow ICMP ->em1 192.0.2.7>198.51.100.1  101 fw4",
    ),
    (
        "2024-03-03 10:08:00 DROP TCP 192.0.2.7 198.51.100.1 4000 135 48 S 1 0 16384 - - -",
        "windows Drop TCP ->- 192.0.2.7#4000>198.51.100.1#135 S - -",
    ),
    (
        "2011 Jul 12 11:55:17 (agent) 203.0.113.1->/var/log/ufw.log DROP TCP 192.0.2.7:2686->198.51.100.1:135",
        "firewall.log Drop TCP ->- 192.0.2.7#2686>198.51.100.1#135  - agent",
    ),
    (
        "2026 Nov 21 07:29:50 gw->/var/log/messages CLOSED ICMPv6 2001:db8::7:0->2001:db8::1:0",
        "firewall.log Closed ICMPv6 ->- 2001:db8::7>2001:db8::1  - gw",
    ),
    ("2026 Nov 21 07:29:50 gw->/var/log/auth.log Failed password for root", "none"),
    ("Nov 21 07:29:50 web sshd[4]: Failed password for root from 192.0.2.7 port 40022 ssh2", "none"),
    ("192.0.2.7 - - [21/Nov/2026:07:29:50 +0000] \"GET /?src=192.0.2.8&dst=1 HTTP/1.1\" 200 5", "none"),
    ("", "none"),
];

#[test]
fn lines_of_all_makers_say_the_same_things() {
    let wrong = LINES.iter().filter(|(line, expected)| shown(line) != *expected);
    let wrong: Vec<_> =
        wrong.map(|(line, expected)| format!("{line}\n  {}\n  {expected}\n", shown(line))).collect();
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn what_stands_beside_the_addresses_is_read_too() {
    let [icmp, error, count] = [4, 5, 25].map(|at| read(LINES[at].0.as_bytes()).unwrap());
    assert_eq!((icmp.icmp, icmp.ttl, icmp.length), (Some((128, 0)), Some(52), Some(80)));
    assert_eq!(error.icmp, Some((3, 1)), "of the error, not of the packet in it");
    assert_eq!(count.count, Some(3));
    assert_eq!(read(LINES[0].0.as_bytes()).unwrap().time, Some(&b"Jun  8 14:34:33"[..]));
    assert_eq!(read(LINES[10].0.as_bytes()).unwrap().time, Some(&b"2022-09-06T19:00:06+02:00"[..]));
}

#[test]
fn a_damaged_line_is_read_as_far_as_it_goes() {
    for (line, _) in LINES {
        let bytes = line.as_bytes();
        (0..bytes.len()).for_each(|end| exercise(&bytes[..end]));
        (0..bytes.len()).for_each(|start| exercise(&bytes[start..]));
        let mut damaged: Vec<u8> = bytes.to_vec();
        for at in 0..bytes.len() {
            for bit in [0x01, 0x20, 0x80] {
                damaged[at] ^= bit;
                exercise(&damaged);
                damaged[at] ^= bit;
            }
            let old = std::mem::replace(&mut damaged[at], 0xff);
            exercise(&damaged);
            damaged[at] = old;
        }
    }
}

#[test]
fn a_line_cut_in_the_middle_of_a_key_keeps_what_came_before() {
    let line = LINES[0].0;
    let cut = &line[..line.find("PT=8123").unwrap()];
    assert_eq!(shown(cut), "netfilter? Unknown TCP enp1s0>- 192.0.2.7#8080>198.51.100.1  - fw");
}

#[test]
fn protocols_are_known_by_name_and_number() {
    assert_eq!(Protocol::new(b"tcp"), Protocol::TCP);
    assert_eq!(Protocol::new(b"17"), Protocol::UDP);
    assert_eq!(Protocol::new(b"ipv6-icmp"), Protocol::Number(58));
    assert_eq!(Protocol::new(b"300"), Protocol::Named(b"300"));
    assert_eq!(Protocol::Number(250).name(), None);
    assert!(Protocol::new(b"SCTP").has_ports() && !Protocol::ICMP.has_ports());
}
