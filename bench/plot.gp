# Draws a group of figures as SVG, to be read at a width of 800 pixels. bench/plot.sh
# makes the datablock $figures, whose lines have, apart by spaces: name; ratio,
# its lowest and highest; the goal as a ratio or NaN, and whether it is an upper
# bound (<=), a lower one (>=) or none (-); met, missed or none.
#
# A bar begins at 1, where figure and baseline are alike. The axis is
# logarithmic, so half as much and twice as much are equally far from there.
set encoding utf8
count = |$figures|

# ---- the paper, in pixels: names are at the left, ratios at the right

width = 800
left = 215
right = 118
top = 42
bottom = 30
height = top + 26 * count + bottom
x(pixels) = pixels / real(width)
y(pixels) = 1 - pixels / real(height)

set terminal svg size width, height font "sans-serif,13" background "#ffffff" noenhanced butt
set margins at screen x(left), screen x(width - right), screen y(height - bottom), screen y(top)

ink = 0x24292f
pale = 0x6e7781
grid = 0xd8dee4
better = 0xe3f3ec
goal = 0x0f5132
met = 0x2a9d74
missed = 0xd9622b
none = 0x8fa3ba
colour(verdict) = verdict eq "met" ? met : verdict eq "missed" ? missed : none

# ---- the axis

smaller(a, b) = b < a ? b : a # a, too, where b is NaN
larger(a, b) = b > a ? b : a
low = 0.8
high = 1.25
do for [i = 1:count] {
	low = smaller(smaller(low, real(word($figures[i], 3))), real(word($figures[i], 5)))
	high = larger(larger(high, real(word($figures[i], 4))), real(word($figures[i], 5)))
}
room = (high / low) ** 0.03
low = low / room
high = high * room

set logscale x
set xrange [low:high]
set yrange [count - 0.5:-0.5]
set border 0
unset ytics
unset key
set pointintervalbox 0 # gnuplot 6 would hide what is behind a point
marks = high / low < 4 ? "1 1.2 1.5 2 2.5 3 4 5 6 7 8 9" : high / low < 300 ? "1 2 5" : "1"
set xtics scale 0 offset 0, 0.3 () textcolor rgb ink
do for [power = -6:6] {
	do for [mark in marks] {
		set xtics add (sprintf("%g", mark * 10.0 ** power) mark * 10.0 ** power)
	}
}
set grid xtics back linetype 1 linecolor rgb grid linewidth 1
set arrow from 1, graph 0 to 1, graph 1 nohead back linetype 1 linecolor rgb pale linewidth 1.5
set label "ratio to the baseline" at screen x(left - 9), y(height - 17) right textcolor rgb pale

# ---- the legend

set style rectangle fillstyle solid noborder
line = 18
set object rectangle from screen x(left), y(line - 6) to screen x(left + 18), y(line + 6) fillcolor rgb met
set label "goal met" at screen x(left + 24), y(line) left textcolor rgb ink
set object rectangle from screen x(left + 96), y(line - 6) to screen x(left + 114), y(line + 6) fillcolor rgb missed
set label "missed" at screen x(left + 120), y(line) left textcolor rgb ink
set object rectangle from screen x(left + 182), y(line - 6) to screen x(left + 200), y(line + 6) fillcolor rgb none
set label "no goal" at screen x(left + 206), y(line) left textcolor rgb ink
set object rectangle from screen x(left + 270), y(line - 11) to screen x(left + 288), y(line + 11) fillcolor rgb better
set arrow from screen x(left + 270), y(line - 11) to screen x(left + 270), y(line + 11) nohead linetype 1 linecolor rgb goal linewidth 2.5
set label "goal and better" at screen x(left + 294), y(line) left textcolor rgb ink
set arrow from screen x(left + 406), y(line) to screen x(left + 434), y(line) heads size screen x(5), 90 linetype 1 linecolor rgb ink linewidth 1.2
set label "median and spread" at screen x(left + 441), y(line) left textcolor rgb ink
set label "" at screen x(left + 420), y(line) point pointtype 7 pointsize 0.45 linecolor rgb ink

# ---- the figures

bound(sign) = sign eq "<=" ? low : high
shown(ratio) = sprintf(ratio < 0.1 ? "%.4f" : "%.2f", ratio)
said(ratio, verdict) = shown(ratio) . (verdict eq "missed" ? " missed" : "")

plot \
	$figures using 5:0:(bound(strcol(6))):5:($0 - 0.42):($0 + 0.42) notitle \
		with boxxyerror fillstyle solid noborder linecolor rgb better, \
	$figures using 2:0:(smaller(1, $2)):(larger(1, $2)):($0 - 0.25):($0 + 0.25):(colour(strcol(7))) notitle \
		with boxxyerror fillstyle solid noborder linecolor rgb variable, \
	$figures using 5:($0 - 0.42):(0):(0.84) notitle \
		with vectors nohead linetype 1 linecolor rgb goal linewidth 2.5, \
	$figures using 2:0:3:4 notitle \
		with xerrorbars pointtype 7 pointsize 0.45 linetype 1 linecolor rgb ink linewidth 1.2, \
	$figures using (low):0:1 notitle \
		with labels right offset character -1, 0 textcolor rgb ink, \
	$figures using (high):0:(said($2, strcol(7))) notitle \
		with labels left offset character 1, 0 textcolor rgb ink
