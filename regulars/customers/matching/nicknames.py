"""Short forms of first names, folded, with the full form each is compared as."""

_FAMILIES = """
thomas tom tommy thom
robert rob bob bobby robbie bert
william will bill billy willie liam
richard rick dick richie rich dickie
john jack johnny jon jock
james jim jimmy jamie jem
edward ed eddie ted teddy ned
charles charlie chas chuck charley
henry harry hal hank
george georgie geo
joseph joe joey jo
michael mike mick micky mickey mikey
david dave davy davey
daniel dan danny
samuel sam sammy
benjamin ben benny benjy
alexander alex alec sandy alick
andrew andy drew
anthony tony antony
arthur art artie
francis frank frankie fran
frederick fred freddie freddy fritz
geoffrey geoff jeffrey jeff
gerald gerry
gilbert gil
gregory greg
herbert herb herbie
lawrence larry laurence laurie
leonard len lenny leo
lewis lew louis lou
matthew matt
nathaniel nathan nat nate
nicholas nick nicky nico
oliver ollie
patrick pat paddy
peter pete
philip phil phillip pip
reginald reg reggie
ronald ron ronnie
stephen steve steven stevie
theodore theo
timothy tim timmy
vincent vince vinny
walter walt wally
zachary zach zack
christopher chris kit
albert al bertie
alfred alf alfie
augustus gus
barnabas barney
bartholomew bart
bernard bernie
clifford cliff
donald don donnie
douglas doug
ernest ernie
eugene gene
harold harrold
jeremiah jerry jeremy
jonathan jonny jonty
joshua josh
kenneth ken kenny
maurice morris
raymond ray
rudolph rudy rudolf
sidney sid sydney
stanley stan
elizabeth liz lizzie beth betty betsy bess eliza elisabeth lizzy libby elspeth
margaret maggie meg peggy madge marge margie greta
mary molly polly mollie
catherine kate katie cathy kathy kitty katherine kathryn katharine cath katy
anne ann annie anna nancy nan
jane jenny janey janet
sarah sally sara sadie
susan sue susie suzy susanna susannah
martha matty
helen nell nellie ellen nelly eleanor nora lena
frances fanny francie
charlotte lottie lotte
caroline carrie carolyn
dorothy dot dolly dottie dora dorothea
emily em emmy emma emmie
florence flo florrie flossie
harriet hattie harriett
isabella bella isabel isobel isabelle izzy tilly
jessica jess jessie
josephine josie
judith judy
julia julie
louisa louise
lucy lucie lucinda
matilda mattie tilda
penelope penny
philippa pippa
rebecca becky becca
rosemary rosie rose
sophia sophie sofia
theresa terry tess tessa teresa
victoria vicky vicki tori
virginia ginny
abigail abbie abby gail
alexandra alexa lexi
amanda mandy
barbara babs barb
christine chrissy tina christina
deborah debbie deb debra
georgina gina
gertrude gertie trudy
jacqueline jackie
jennifer jen jenn
kimberly kim
maria mariya masha marusya mania
pamela pam
patricia patty trish tricia
samantha samanta
winifred winnie
veronica ronni
aleksandr sasha shura sanya aleksander
aleksei alyosha lyosha alexey alexei alyesha aleksey
dmitrii dima mitya dmitry dmitri dmitriy
sergei seryozha serezha sergey serega
nikolai kolya nikolay
ivan vanya
mikhail misha
vladimir vova volodya
evgenii zhenya evgeny evgeniy yevgeny
pavel pasha
konstantin kostya
anatolii tolya anatoly anatoliy
vasilii vasya vasily vasiliy
grigorii grisha grigory grigoriy
petr petya pyotr
yurii yura yuri yuriy
andrei andryusha andrey
igor igorek
maksim maxim maks
viktor vitya
ekaterina katya yekaterina
anastasiya nastya anastasia
elena lenochka yelena alyona
olga olya
tatyana tanya tatiana
natalya natasha natalia nataliya
svetlana sveta
irina ira
lyudmila lyuda ludmila
galina galya
nadezhda nadya
lyubov lyuba
yuliya yulia
kseniya ksyusha ksenia
"""

FORMAL: dict[str, str] = {
    short: names[0]
    for line in _FAMILIES.strip().splitlines()
    for names in [line.split()]
    for short in names[1:]
}
"""Short form to full form; each short form has one."""
